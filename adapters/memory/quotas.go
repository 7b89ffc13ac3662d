package memory

import (
	"context"
	"sync"
	"time"

	"wsecho/domain"
)

var _ domain.Quotas = (*Quotas)(nil)

// Quotas count the messages of the current minute. The zero value is ready for use.
type Quotas struct {
	mu     sync.Mutex // Guards what follows.
	counts map[spent]int
	newest time.Time
}

// spent names the messages of a user in a minute.
type spent struct {
	user   string
	minute int64
}

// Count implements domain.Quotas. It never fails.
func (t *Quotas) Count(_ context.Context, user string, minute time.Time, max int) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil || minute.After(t.newest.Add(time.Minute)) {
		t.counts, t.newest = map[spent]int{}, minute // What was counted long ago limits nobody any more.
	}
	key := spent{user, minute.Unix()}
	if t.counts[key] >= max {
		return false, nil
	}
	t.counts[key]++
	return true, nil
}
