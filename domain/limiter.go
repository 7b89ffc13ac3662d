package domain

import (
	"context"
	"maps"
	"sync"
	"time"
)

const (
	// burst is how much of a second's posts may go out at once after a pause.
	burst = 50 * time.Millisecond
	// crowd is how many different members must be throttled within a second before the rate is to blame: a single
	// one may just not read.
	crowd = 5
)

// Limiter spreads the posts of a process evenly over time, and slows down while the service throttles many members.
// Its rate halves at most once a second and grows back by a tenth of its share a second. It is safe for concurrent
// use.
type Limiter struct {
	share float64

	mu        sync.Mutex // Guards what follows.
	rate      float64
	at        time.Time // When rate was computed.
	next      time.Time // When the next post is due.
	deferred  time.Time // Up to when posts were deferred.
	halved    time.Time
	throttled map[string]time.Time
}

// NewLimiter returns a limiter of share posts a second, which must be positive.
func NewLimiter(share float64) *Limiter {
	return &Limiter{share: share, rate: share, throttled: map[string]time.Time{}}
}

// Wait returns when the next post may go out. It returns ctx's error when that ends, and at once if it would end
// before the post's turn: then the turn is left to others.
func (l *Limiter) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	wait, ok := l.reserve(ctx)
	if !ok {
		return context.DeadlineExceeded
	}
	return sleep(ctx, wait)
}

// reserve takes the next place in line and tells how long it is until then; ok is false if ctx ends before.
func (l *Limiter) reserve(ctx context.Context) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.recover(now)
	if earliest := now.Add(-burst); l.next.Before(earliest) {
		l.next = earliest
	}
	if deadline, limited := ctx.Deadline(); limited && l.next.After(deadline) {
		return 0, false
	}
	wait = l.next.Sub(now)
	l.next = l.next.Add(time.Duration(float64(time.Second) / l.rate))
	return wait, true
}

// Defer finds a time for posts that would have to wait for too long: after all that wait and were deferred before. It
// tells how long it is until then. Nothing is reserved; whoever comes back waits in line like others.
func (l *Limiter) Defer(posts int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	due := now
	for _, busy := range []time.Time{l.next, l.deferred} {
		if busy.After(due) {
			due = busy
		}
	}
	// By the share, not by the rate, which has grown back until then. What is far away must not grow without end.
	if l.deferred = due; due.Sub(now) < maxDelay {
		l.deferred = due.Add(time.Duration(float64(posts) * float64(time.Second) / l.share))
	}
	return due.Sub(now)
}

// Slowed tells whether the rate was halved within the last minute.
func (l *Limiter) Slowed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.halved) < time.Minute
}

// recover lets the rate grow back for the time that has passed.
func (l *Limiter) recover(now time.Time) {
	l.rate = min(l.share, l.rate+l.share/10*now.Sub(l.at).Seconds())
	l.at = now
}

// Throttled tells that a post to this member was answered that way.
func (l *Limiter) Throttled(connectionID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.halved) < time.Second {
		return
	}
	l.throttled[connectionID] = now
	maps.DeleteFunc(l.throttled, func(_ string, at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(l.throttled) < crowd {
		return
	}
	l.recover(now)
	l.rate, l.halved = max(l.rate/2, 1), now
	clear(l.throttled)
}
