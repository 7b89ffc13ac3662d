package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// signal lets goroutines wait for a change. Whoever calls its methods holds the mutex that guards what changes.
type signal struct{ changed chan struct{} }

// next is closed at the next change.
func (s *signal) next() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *signal) fire() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// pause waits, and tells whether all of the time has passed before one of the two ended.
func pause(d time.Duration, end, otherEnd <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-end:
	case <-otherEnd:
	}
	return false
}

// jitter is a random time between two, so that clients which lost their connections together do not return together.
func jitter(from, to time.Duration) time.Duration {
	return from + time.Duration(rand.Float64()*float64(to-from))
}

// backoff is a random time up to a ceiling that doubles with every attempt: full jitter.
func backoff(attempt int) time.Duration {
	return jitter(0, min(lastWait, firstWait<<min(attempt, 10)))
}

// The ceilings of backoff.
const firstWait, lastWait = 500 * time.Millisecond, time.Minute

// closed tells whether a channel is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// until waits until ready, called with c.mu held, returns true or an error; with a time it returns early, and false.
func (c *Client) until(ctx context.Context, most time.Duration, ready func() (bool, error)) (bool, error) {
	var late <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		late = timer.C
	}
	for {
		c.mu.Lock()
		ok, err := ready()
		changed := c.changed.next()
		c.mu.Unlock()
		if ok || err != nil {
			return ok, err
		}
		select {
		case <-changed:
		case <-late:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		case <-c.ctx.Done():
			return false, context.Cause(c.ctx)
		}
	}
}
