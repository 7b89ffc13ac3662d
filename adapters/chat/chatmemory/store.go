// Package chatmemory keeps what chat stores in the memory of one process, for a single machine and for tests. It is lost
// when the process ends.
package chatmemory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain/chat"
)

var (
	_ chat.Log             = (*Store)(nil)
	_ chat.IdempotencyKeys = (*Store)(nil)
)

// answerBytes is how much an answer of DynamoDB holds. Source: DynamoDB's API reference, "Query".
const answerBytes = 1 << 20

// Store holds the logs of rooms and the keys of senders. It is safe for concurrent use. Its zero value is empty and ready for use.
type Store struct {
	// AnswerBytes is how many bytes of the messages' data Read returns at once: it ends with the entry that reaches
	// them. Zero is what an answer of DynamoDB holds, a megabyte. It is set before the first use.
	AnswerBytes int

	mu     sync.Mutex // Guards what follows.
	heads  map[string]chat.Head
	logs   map[place]map[int64]chat.Entry
	keys   map[[2]string]chat.IdempotencyKey
	sweeps memory.Sweeps
}

// place names one epoch of a room's log.
type place struct{ room, epoch string }

// Advance implements chat.Log.
func (s *Store) Advance(_ context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect()
	if s.heads == nil {
		s.heads = map[string]chat.Head{}
	}
	head := s.heads[room]
	if head.Epoch == "" {
		head.Epoch = epoch
	}
	head.Seq++
	head.At = at
	s.heads[room] = head
	return head, nil
}

// Head implements chat.Log.
func (s *Store) Head(_ context.Context, room string) (chat.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect()
	return s.heads[room], nil
}

// Write implements chat.Log.
func (s *Store) Write(_ context.Context, room string, e chat.Entry, key *chat.IdempotencyKey) (chat.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{room, e.Epoch}
	if stored, taken := s.logs[at][e.Seq]; taken {
		return copied(stored), nil
	}
	if key != nil {
		if err := s.use(*key); err != nil {
			return chat.Entry{}, err
		}
	}
	if s.logs == nil {
		s.logs = map[place]map[int64]chat.Entry{}
	}
	if s.logs[at] == nil {
		s.logs[at] = map[int64]chat.Entry{}
	}
	s.logs[at][e.Seq] = copied(e)
	return e, nil
}

// Read implements chat.Log.
func (s *Store) Read(_ context.Context, room, epoch string, r chat.Range) (entries []chat.Entry, cut bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.logs[place{room, epoch}]
	seq, end, step := r.From, r.To, int64(1)
	if r.Newest {
		seq, end, step = r.To, r.From, -1
	}
	left := cmp.Or(s.AnswerBytes, answerBytes)
	for ; r.From <= seq && seq <= r.To && !cut; seq += step {
		if e, ok := log[seq]; ok && time.Now().Before(e.ExpiresAt) {
			entries = append(entries, copied(e))
			left -= len(e.Data)
			full := left <= 0 || len(entries) == r.Limit
			cut = full && seq != end
		}
	}
	if r.Newest {
		slices.Reverse(entries)
	}
	return entries, cut, nil
}

// Find implements chat.IdempotencyKeys.
func (s *Store) Find(_ context.Context, user, key string) (chat.Sent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used, ok := s.keys[[2]string{user, key}]
	if !ok || !time.Now().Before(used.ExpiresAt) {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return used.Sent, nil
}

// Use implements chat.IdempotencyKeys.
func (s *Store) Use(_ context.Context, key chat.IdempotencyKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect()
	return s.use(key)
}

// use stores a key unless another message has the key. s.mu is held.
func (s *Store) use(key chat.IdempotencyKey) error {
	id := [2]string{key.User, key.Key}
	if old, ok := s.keys[id]; ok && time.Now().Before(old.ExpiresAt) && old.Sent.MessageID != key.Sent.MessageID {
		return &chat.AlreadySent{Sent: old.Sent}
	}
	if s.keys == nil {
		s.keys = map[[2]string]chat.IdempotencyKey{}
	}
	s.keys[id] = key
	return nil
}

// collect deletes what has expired. s.mu is held.
func (s *Store) collect() {
	if !s.sweeps.Due() {
		return
	}
	now := time.Now()
	for at, log := range s.logs {
		if log = memory.Living(log, func(e chat.Entry) bool { return now.Before(e.ExpiresAt) }); len(log) == 0 {
			delete(s.logs, at)
		} else {
			s.logs[at] = log
		}
	}
	s.keys = memory.Living(s.keys, func(c chat.IdempotencyKey) bool { return now.Before(c.ExpiresAt) })
}

// copied keeps a caller's bytes out of the log and the log's out of a caller's hands.
func copied(e chat.Entry) chat.Entry {
	e.Data = slices.Clone(e.Data)
	return e
}
