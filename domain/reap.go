package domain

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// reapAge is how old a connection must be before a "gone" is believed: its rows are written before its socket
	// is open.
	reapAge = 30 * time.Second
	// reapTime is how long the reaping after a run takes at most. It fits in what a worker keeps of its time.
	reapTime = 2 * time.Second
)

// gone counts a member that is gone, and notes that it is to be reaped unless its socket may not be open yet.
func (r *run) gone(m Member) {
	r.note(func() {
		r.report.Gone++
		if time.Since(m.ConnectedAt) >= reapAge {
			r.reapable = append(r.reapable, m)
		}
	})
}

// reap closes the connections that a run found gone. It comes last, so that a slow store holds up neither posts nor
// what is handed back, and it has a time of its own: neither the end of the inline share nor a caller that has given
// up cuts it off between two rows. The run waits for it, because a Lambda is frozen once it has answered, but not for
// long: whoever is not closed then is found gone again by the next message.
//
// Closing tells that somebody left before it deletes, again and again if deleting fails. So a store that refuses is
// asked by one closer and no more, and what tells that somebody left for good reaps nobody: each would tell of all the
// others whom it finds gone, and so on.
func (r *run) reap(ctx context.Context) {
	if c := r.delivery.Condition; c != nil && c.final() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reapTime)
	defer cancel()
	for at, n := 0, 1; at < len(r.reapable); at, n = at+n, r.fanOut.Concurrency {
		some := r.reapable[at:min(at+n, len(r.reapable))]
		if r.close(ctx, some) != nil {
			return
		}
	}
}

// close closes some connections at the same time.
func (r *run) close(ctx context.Context, some []Member) error {
	errs := make([]error, len(some))
	var reaping sync.WaitGroup
	for i, m := range some {
		reaping.Go(func() { errs[i] = r.fanOut.Closer.Reap(ctx, m.ID, r.delivery.Audience) })
	}
	reaping.Wait()
	return errors.Join(errs...)
}
