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
	mu     sync.Mutex // Guards what follows.
	heads  map[string]chat.Head
	logs   map[place]map[int64]chat.Entry
	keys   map[[2]string]chat.Claim
	sweeps sweeps
}

// place names one epoch of a room's log.
type place struct{ room, epoch string }

// Advance implements chat.Log.
func (l *ChatLog) Advance(_ context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collect()
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
	l.collect()
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
func (l *ChatLog) Read(_ context.Context, room, epoch string, r chat.Range) (entries []chat.Entry, cut bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.logs[place{room, epoch}]
	seq, end, step := r.From, r.To, int64(1)
	if r.Newest {
		seq, end, step = r.To, r.From, -1
	}
	for ; r.From <= seq && seq <= r.To && !cut; seq += step {
		if e, ok := log[seq]; ok && time.Now().Before(e.ExpiresAt) {
			entries = append(entries, copied(e))
			cut = len(entries) == r.Limit && seq != end
		}
	}
	if r.Newest {
		slices.Reverse(entries)
	}
	return entries, cut, nil
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
	l.collect()
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

// collect deletes what has expired. l.mu is held.
func (l *ChatLog) collect() {
	if !l.sweeps.due() {
		return
	}
	now := time.Now()
	for at, log := range l.logs {
		if log = living(log, func(e chat.Entry) bool { return now.Before(e.ExpiresAt) }); len(log) == 0 {
			delete(l.logs, at)
		} else {
			l.logs[at] = log
		}
	}
	l.keys = living(l.keys, func(c chat.Claim) bool { return now.Before(c.ExpiresAt) })
}

// copied keeps a caller's bytes out of the log and the log's out of a caller's hands.
func copied(e chat.Entry) chat.Entry {
	e.Data = slices.Clone(e.Data)
	return e
}
