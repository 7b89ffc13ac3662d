package domain

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// postTimeout bounds one post, so that a client that does not read delays nobody else for long.
	postTimeout = 3 * time.Second
	// repairableTimeout bounds one post of a delivery that members can do without. What follows it waits for that.
	repairableTimeout = 500 * time.Millisecond
	// triesPerRun is how often one run posts to a member that is throttled or whose post failed at once.
	triesPerRun = 3
	// hung is how long a post takes at least that is the member's fault, if it is given up because the run ends. A
	// request's own run takes InlineShare, and would otherwise be held up to its end by the same member every time.
	hung = InlineShare / 2
	// firstRetry bounds the wait before the second try.
	firstRetry = 100 * time.Millisecond
)

// run is one run of a delivery over a list of members.
type run struct {
	fanOut   *FanOut
	delivery Delivery

	mu             sync.Mutex // Guards what follows.
	report         Report
	missed, putOff leftover // The latter are those who were throttled, or rest.
	untried        []Member
	reapable       []Member // Gone, and old enough to believe it.
	forbidden      error
}

// post posts to members with bounded concurrency until a point in time. What was not done is in missed, putOff
// and untried afterwards.
func (r *run) post(ctx context.Context, members []Member, until time.Time) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(r.fanOut.Concurrency, len(members)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(members)); i = next.Add(1) - 1 {
				r.reach(ctx, cancel, members[i])
			}
		})
	}
	workers.Wait()
}

// reach posts to one member, up to triesPerRun times, or once if it has rested. It stops the run when the service may
// not post at all.
func (r *run) reach(ctx context.Context, stop context.CancelFunc, m Member) {
	if m.ended() {
		r.note(func() { r.report.Gone++ })
		return
	}
	left, afterwards := r.fanOut.Rests.Left(m.ID)
	if left > 0 {
		r.rests(m, left)
		return
	}
	if r.fanOut.Limiter.Wait(ctx) != nil {
		r.note(func() { r.untried = append(r.untried, m) })
		return
	}
	for try := 1; ; try++ {
		began := time.Now()
		err := r.send(ctx, m.ID)
		if r.settled(stop, m, err) {
			return
		}
		if r.over(err) || afterwards || try == triesPerRun || r.backoff().Wait(ctx, try) != nil || r.fanOut.Limiter.Wait(ctx) != nil {
			r.failed(m, err, time.Since(began))
			return
		}
	}
}

// over tells of an error that there is no use in trying again within the run. Who is throttled may not, where others
// wait for what comes after.
func (r *run) over(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || r.delivery.Repairable && errors.Is(err, ErrThrottled)
}

// rests leaves out a member that rests.
func (r *run) rests(m Member, left time.Duration) {
	r.note(func() {
		if r.delivery.Repairable {
			r.report.Skipped++
		} else {
			r.putOff.add(m, left)
		}
	})
}

// failed notes a member that was not reached, whose last post ended so and took a time.
func (r *run) failed(m Member, err error, took time.Duration) {
	var rest time.Duration
	throttled, timedOut := errors.Is(err, ErrThrottled), errors.Is(err, context.DeadlineExceeded)
	if timedOut && took < hung && r.delivery.Repairable { // The run ended too early for it.
		r.note(func() { r.untried = append(r.untried, m) })
		return
	}
	if throttled || timedOut && took >= hung {
		rest = r.fanOut.Rests.Missed(m.ID, r.fanOut.Limiter.Slowed())
	}
	r.note(func() {
		if throttled {
			r.putOff.add(m, rest)
		} else {
			r.missed.add(m, rest)
		}
	})
}

func (r *run) send(ctx context.Context, id string) error {
	timeout := postTimeout
	if r.delivery.Repairable {
		timeout = repairableTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return r.fanOut.Sender.Send(ctx, id, r.delivery.Message)
}

// settled counts an outcome and tells whether it is the member's last one in this run.
func (r *run) settled(stop context.CancelFunc, m Member, err error) bool {
	switch {
	case err == nil:
		r.note(func() { r.report.Sent++ })
	case errors.Is(err, ErrGone):
		r.gone(m)
	case errors.Is(err, ErrRefused):
		r.note(func() { r.report.Failed++ })
	case errors.Is(err, ErrForbidden):
		r.note(func() { r.forbidden = err })
		stop()
	case errors.Is(err, ErrThrottled):
		r.fanOut.Limiter.Throttled(m.ID)
		r.note(func() { r.report.Throttled++ })
		return false
	default:
		return false
	}
	r.fanOut.Rests.Over(m.ID)
	return true
}

func (r *run) backoff() Backoff { return Backoff{First: firstRetry, Random: r.fanOut.Random} }

func (r *run) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}
