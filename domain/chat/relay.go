package chat

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"wsecho/domain"
)

// Relay pushes the logs of rooms to their members. Posts are what the account's quota and the bill count, so a busy room
// must not cost one for every line and member. A room has at most one relay at a time. It reads the log from where the
// members have it, pushes what it finds as one frame, and begins again until nothing is left: an idle room gets each line
// at once, a busy one as many lines in a frame as came in during the last round.
//
// All fields but Ran are required. It is safe for concurrent use.
type Relay struct {
	Log    Log
	Relays Relays
	// FanOut posts the frames. Its Queue is not the one that broadcasts and direct messages go through: they must not wait
	// for rooms, nor rooms for them. What it is given for workers is for Deliver of such a FanOut.
	FanOut *domain.FanOut
	// HandOns is for what whoever spoke has no time for; it may be the same queue.
	HandOns HandOns
	// NewID returns a new UUID of version 7.
	NewID func() string
	// HistoryDays is how long messages are kept.
	HistoryDays int
	// Logger is told why something failed that others will have to go on with.
	Logger *slog.Logger
	// Ran is told what was done. It must be safe for concurrent use. Nil is nobody.
	Ran func(Round)
}

// Round is what a relay did at once.
type Round struct {
	Room string
	// Waited is how long each line of a frame waited until its posts began, since its number was taken.
	Waited []time.Duration
	// Report is what became of the posts.
	Report domain.Report
	// TakenOver tells that somebody found a room that its relay had abandoned. Then there is nothing else.
	TakenOver bool
}

// Continue is a worker's turn with a room that was handed on. An error means that the hand-on is to be handed out again.
func (r *Relay) Continue(ctx context.Context, h HandOn) error {
	t := r.turn(h.Room, workerShare)
	head, err := r.Relays.TakeOver(ctx, h.Room, h.Owner, t.owner, now().Add(workingLease))
	switch {
	case errors.Is(err, ErrLease) && head.unrelayed():
		return r.takeOver(ctx, h.Room, head) // Whoever took over died.
	case errors.Is(err, ErrLease):
		return nil
	case err != nil:
		return err
	}
	t.begin(head)
	done, err := t.run(ctx)
	if err != nil || done {
		return err
	}
	return t.handOn(ctx)
}

// ensure makes sure that a number is relayed which was taken together with a head. If it has no relay, this is one for a
// while. stored, unless zero, is what was written there.
func (r *Relay) ensure(ctx context.Context, room string, head Head, stored Entry) {
	if head.leased() || head.Seq <= head.Relayed {
		return
	}
	t := r.turn(room, inlineShare)
	var page domain.Page
	unread := errors.New("unread")
	var reading sync.WaitGroup
	if stored.Seq == head.Seq { // Who its members are is read after that was written.
		reading.Go(func() { page, unread = r.FanOut.Page(ctx, Audience(room)) })
	}
	got, err := r.Relays.Acquire(ctx, room, t.owner, head.Seq, now(), now().Add(workingLease))
	reading.Wait()
	switch {
	case errors.Is(err, ErrLease):
	case err != nil:
		r.failed(ctx, room, head.Relayed, errors.Join(err, r.HandOns.HandOn(ctx, HandOn{room, t.owner})))
	default:
		t.begin(got)
		if unread == nil && got.Relayed == stored.Seq-1 {
			t.first = &ahead{stored, page}
		}
		t.inline(ctx)
	}
}

// inline relays within a request.
func (t *turn) inline(ctx context.Context) {
	done, err := t.run(ctx)
	if !done {
		err = errors.Join(err, t.handOn(ctx))
	}
	if err != nil {
		t.failed(ctx, t.room, t.relayed, err)
	}
}

// adopt takes over a room that has been abandoned.
func (r *Relay) adopt(ctx context.Context, room string, head Head) {
	if !head.abandoned() {
		return
	}
	if err := r.takeOver(ctx, room, head); err != nil {
		r.failed(ctx, room, head.Relayed, err)
	}
}

// takeOver acquires a room that nobody relays, for a worker.
func (r *Relay) takeOver(ctx context.Context, room string, head Head) error {
	owner := r.NewID()
	_, err := r.Relays.Acquire(ctx, room, owner, head.Seq, now(), now().Add(waitingLease))
	if errors.Is(err, ErrLease) {
		return nil
	}
	r.ran(Round{Room: room, TakenOver: true})
	return errors.Join(err, r.HandOns.HandOn(ctx, HandOn{room, owner})) // Where nobody knows, the worker finds out.
}

func (r *Relay) ran(round Round) {
	if r.Ran != nil {
		r.Ran(round)
	}
}

func (r *Relay) failed(ctx context.Context, room string, relayed int64, cause error) {
	r.Logger.ErrorContext(ctx, "a room's log was not relayed by who wrote it", "room", room, "relayed", relayed, "cause", cause)
}
