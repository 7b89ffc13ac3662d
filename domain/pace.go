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

// Pace spreads the posts of a process evenly over time, and slows down while the service throttles many members.
// Its rate halves at most once a second and grows back by a tenth of its share a second. It is safe for concurrent
// use.
type Pace struct {
	share float64

	mu        sync.Mutex // Guards what follows.
	rate      float64
	at        time.Time // When rate was computed.
	next      time.Time // When the next post is due.
	deferred  time.Time // Up to when posts were deferred.
	halved    time.Time
	throttled map[string]time.Time
}

// NewPace returns a pace of share posts a second, which must be positive.
func NewPace(share float64) *Pace {
	return &Pace{share: share, rate: share, throttled: map[string]time.Time{}}
}

// Wait returns when the next post may go out. It returns ctx's error when that ends, and at once if it would end
// before the post's turn: then the turn is left to others.
func (p *Pace) Wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	wait, ok := p.reserve(ctx)
	if !ok {
		return context.DeadlineExceeded
	}
	return sleep(ctx, wait)
}

// reserve takes the next place in line and tells how long it is until then; ok is false if ctx ends before.
func (p *Pace) reserve(ctx context.Context) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.recover(now)
	if earliest := now.Add(-burst); p.next.Before(earliest) {
		p.next = earliest
	}
	if deadline, limited := ctx.Deadline(); limited && p.next.After(deadline) {
		return 0, false
	}
	wait = p.next.Sub(now)
	p.next = p.next.Add(time.Duration(float64(time.Second) / p.rate))
	return wait, true
}

// Defer finds a time for posts that would have to wait for too long: after all that wait and were deferred before. It
// tells how long it is until then. Nothing is reserved; whoever comes back waits in line like others.
func (p *Pace) Defer(posts int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	due := now
	for _, busy := range []time.Time{p.next, p.deferred} {
		if busy.After(due) {
			due = busy
		}
	}
	// By the share, not by the rate, which has grown back until then. What is far away must not grow without end.
	if p.deferred = due; due.Sub(now) < maxDelay {
		p.deferred = due.Add(time.Duration(float64(posts) * float64(time.Second) / p.share))
	}
	return due.Sub(now)
}

// Slowed tells whether the rate was halved within the last minute.
func (p *Pace) Slowed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.halved) < time.Minute
}

// recover lets the rate grow back for the time that has passed.
func (p *Pace) recover(now time.Time) {
	p.rate = min(p.share, p.rate+p.share/10*now.Sub(p.at).Seconds())
	p.at = now
}

// Throttled tells that a post to this member was answered that way.
func (p *Pace) Throttled(connectionID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.halved) < time.Second {
		return
	}
	p.throttled[connectionID] = now
	maps.DeleteFunc(p.throttled, func(_ string, at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(p.throttled) < crowd {
		return
	}
	p.recover(now)
	p.rate, p.halved = max(p.rate/2, 1), now
	clear(p.throttled)
}
