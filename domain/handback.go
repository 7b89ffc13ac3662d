package domain

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// MaxAttempts is how many runs post to a member and fail before it is given up. Those in which it was throttled,
	// or rested, do not count: they go on until the delivery expires.
	MaxAttempts = 8
	// maxDelay is the longest that a queue holds a delivery back.
	// Source: AWS, "Amazon SQS message quotas", message timer.
	maxDelay = 15 * time.Minute
	// lastChance is how long before a delivery expires it is tried for the last time; for one that lives shortly a
	// quarter of its life.
	lastChance = 10 * time.Second
	// worthKeeping is the shortest life of a delivery that is dead-lettered if it comes to nothing. What lives less would be late
	// before anybody looked at it. What tells who is a member is never dead-lettered, however long it lives.
	worthKeeping = time.Minute
)

// leftover are members that a run did not reach, and the shortest time until one of them has rested.
type leftover struct {
	members []Member
	rest    time.Duration
}

func (l *leftover) add(m Member, rest time.Duration) {
	if len(l.members) == 0 {
		l.rest = rest
	}
	l.rest = min(l.rest, rest)
	l.members = append(l.members, m)
}

// handBack queues the members that were not tried, and those that were not reached for another attempt; those that
// have none left are dead-lettered.
func (r *run) handBack(ctx context.Context) (Report, error) {
	var back []Delivery
	if len(r.untried) > 0 {
		later := r.delivery.to(r.untried)
		// What is less than a second is not worth a delay: who takes the delivery can wait for it.
		later.Delay = min(r.fanOut.Limiter.Defer(len(r.untried)), maxDelay).Truncate(time.Second)
		back = append(back, later)
	}
	failed, putOff := r.delivery, r.delivery
	failed.Attempt++
	putOff.Postponed++
	kept := errors.Join(r.again(ctx, failed, r.missed, &back), r.again(ctx, putOff, r.putOff, &back))
	queued, err := r.fanOut.enqueue(ctx, back)
	r.report.Queued = queued
	return r.report, errors.Join(kept, err)
}

// again adds another attempt to what goes back, or gives it up.
func (r *run) again(ctx context.Context, d Delivery, left leftover, back *[]Delivery) error {
	if len(left.members) == 0 {
		return nil
	}
	d = d.to(left.members)
	if reason := r.fanOut.schedule(&d, left.rest); reason != "" {
		return r.fanOut.giveUp(ctx, d, reason, &r.report)
	}
	*back = append(*back, d)
	return nil
}

// schedule sets the delay of another attempt, which is not before a member has rested. If there is none to be made,
// it returns the reason.
func (f *FanOut) schedule(d *Delivery, rest time.Duration) (reason string) {
	if d.Attempt >= MaxAttempts || d.Repairable {
		return fmt.Sprintf("not reached in %d attempts", d.Attempt)
	}
	last := min(lastChance, d.ExpiresAt.Sub(d.AcceptedAt)/4)
	d.Delay = min(max(f.delay(*d), rest), time.Until(d.ExpiresAt)-last)
	if d.Delay < time.Second {
		return notInTime
	}
	return ""
}

const notInTime = "not reached before it expired"

// delay is how long the queue holds back an attempt: a second, and a random part of a time that doubles with every
// attempt, up to 15 minutes. It is no longer than the delivery has taken so far if members were throttled, so that who
// was throttled for a while has the message after twice that while.
func (f *FanOut) delay(d Delivery) time.Duration {
	const enough = 10 // So many doublings pass maxDelay.
	window := time.Second << min(d.Attempt+d.Postponed, enough)
	if d.Postponed > 0 {
		window = min(window, max(time.Since(d.AcceptedAt), 2*time.Second))
	}
	return min(time.Second+time.Duration(f.Random()*float64(window)), maxDelay)
}

// giveUp reports what becomes of members that are not reached: they are left to find the message elsewhere, dropped
// as late, or dead-lettered.
func (f *FanOut) giveUp(ctx context.Context, d Delivery, reason string, report *Report) error {
	d.Delay = 0
	switch {
	case d.Repairable:
		report.Skipped += len(d.Members)
	case d.Condition != nil || d.ExpiresAt.Sub(d.AcceptedAt) < worthKeeping:
		report.Expired++
	default:
		if err := f.Queue.DeadLetter(ctx, d, reason); err != nil {
			return fmt.Errorf("dead-lettering a delivery: %w", err)
		}
		report.DeadLettered += len(d.Members)
	}
	return nil
}

// enqueue puts deliveries on the queue and returns how many; on an error that is none.
func (f *FanOut) enqueue(ctx context.Context, ds []Delivery) (int, error) {
	if len(ds) == 0 {
		return 0, nil
	}
	if err := f.Queue.Enqueue(ctx, ds...); err != nil {
		return 0, fmt.Errorf("queueing %d deliveries: %w", len(ds), err)
	}
	return len(ds), nil
}
