package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"wsecho/domain/chat"
)

var (
	_ chat.Log  = (*ChatLog)(nil)
	_ chat.Keys = (*ChatLog)(nil)
)

// ChatLog holds the logs of rooms and the keys of senders. Its zero value is empty and ready for use.
type ChatLog struct {
	mu    sync.Mutex // Guards what follows.
	heads map[string]chat.Head
	logs  map[place]map[int64]chat.Entry
	keys  map[[2]string]chat.Claim
}

// place names one epoch of a room's log.
type place struct{ room, epoch string }

// Advance implements chat.Log.
func (l *ChatLog) Advance(_ context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heads == nil {
		l.heads = map[string]chat.Head{}
	}
	head := l.heads[room]
	if head.Epoch == "" {
		head.Epoch = epoch
	}
	head.Seq++
	head.At = at
	l.heads[room] = head
	return head, nil
}

// Head implements chat.Log.
func (l *ChatLog) Head(_ context.Context, room string) (chat.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heads[room], nil
}

// Write implements chat.Log.
func (l *ChatLog) Write(_ context.Context, room string, e chat.Entry, claim *chat.Claim) (chat.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{room, e.Epoch}
	if stored, taken := l.logs[at][e.Seq]; taken {
		return copied(stored), nil
	}
	if claim != nil {
		if err := l.claim(*claim); err != nil {
			return chat.Entry{}, err
		}
	}
	if l.logs == nil {
		l.logs = map[place]map[int64]chat.Entry{}
	}
	if l.logs[at] == nil {
		l.logs[at] = map[int64]chat.Entry{}
	}
	l.logs[at][e.Seq] = copied(e)
	return e, nil
}

// Read implements chat.Log.
func (l *ChatLog) Read(_ context.Context, room, epoch string, r chat.Range) ([]chat.Entry, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var entries []chat.Entry
	log := l.logs[place{room, epoch}]
	for seq := r.From; seq <= r.To; seq++ {
		if e, ok := log[seq]; ok && time.Now().Before(e.ExpiresAt) {
			entries = append(entries, copied(e))
		}
	}
	excess := len(entries) - r.Limit
	switch {
	case r.Limit == 0 || excess <= 0:
		return entries, false, nil
	case r.Newest:
		return entries[excess:], true, nil
	}
	return entries[:r.Limit], true, nil
}

// Find implements chat.Keys.
func (l *ChatLog) Find(_ context.Context, user, key string) (chat.Sent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	claim, ok := l.keys[[2]string{user, key}]
	if !ok || !time.Now().Before(claim.ExpiresAt) {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return claim.Sent, nil
}

// Claim implements chat.Keys.
func (l *ChatLog) Claim(_ context.Context, claim chat.Claim) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.claim(claim)
}

// claim stores a claim unless another message has the key. l.mu is held.
func (l *ChatLog) claim(claim chat.Claim) error {
	id := [2]string{claim.User, claim.Key}
	if old, ok := l.keys[id]; ok && time.Now().Before(old.ExpiresAt) && old.Sent.MessageID != claim.Sent.MessageID {
		return &chat.AlreadySent{Sent: old.Sent}
	}
	if l.keys == nil {
		l.keys = map[[2]string]chat.Claim{}
	}
	l.keys[id] = claim
	return nil
}

// copied keeps a caller's bytes out of the log and the log's out of a caller's hands.
func copied(e chat.Entry) chat.Entry {
	e.Data = slices.Clone(e.Data)
	return e
}
