package chatmemory

import (
	"context"
	"time"

	"wsecho/domain/chat"
)

var _ chat.Relays = (*Store)(nil)

// Acquire implements chat.Relays.
func (s *Store) Acquire(_ context.Context, room, owner string, seq int64, now, until time.Time) (chat.Head, error) {
	return s.lease(room, func(h *chat.Head) bool {
		free := h.Owner == "" || !h.Until.After(now) || h.Owner == owner
		if !free || h.Relayed >= seq || h.Seq == 0 {
			return false
		}
		h.Owner, h.Until = owner, until
		return true
	})
}

// TakeOver implements chat.Relays.
func (s *Store) TakeOver(_ context.Context, room, from, owner string, until time.Time) (chat.Head, error) {
	return s.lease(room, func(h *chat.Head) bool {
		if h.Owner != from && h.Owner != owner {
			return false
		}
		h.Owner, h.Until = owner, until
		return true
	})
}

// Renew implements chat.Relays.
func (s *Store) Renew(_ context.Context, room, owner string, relayed int64, until time.Time) (chat.Head, error) {
	return s.lease(room, func(h *chat.Head) bool {
		if h.Owner != owner {
			return false
		}
		h.Relayed, h.Until = relayed, until
		return true
	})
}

// Release implements chat.Relays.
func (s *Store) Release(_ context.Context, room, owner string, relayed int64) (chat.Head, error) {
	return s.lease(room, func(h *chat.Head) bool {
		if h.Owner != owner || h.Seq != relayed {
			return false
		}
		h.Relayed, h.Owner, h.Until = relayed, "", time.Time{}
		return true
	})
}

// lease changes a head, if the change says that it may.
func (s *Store) lease(room string, change func(*chat.Head) bool) (chat.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	head := s.heads[room]
	if !change(&head) {
		return s.heads[room], chat.ErrLease
	}
	s.heads[room] = head
	return head, nil
}
