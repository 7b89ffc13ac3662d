package chat

import (
	"context"
	"errors"
	"time"

	"wsecho/domain"
)

// firstLook is how long a relay waits at first before it looks again whether a message that it lacks was written.
const firstLook = 20 * time.Millisecond

// turn is a relay's time with a room.
type turn struct {
	*Relay
	room, owner string
	began       time.Time
	share

	head    Head   // What is known of the log's end.
	relayed int64  // Up to where the log was relayed.
	first   *ahead // What was read before the turn began.
	over    bool   // Others are to go on.
	queued  bool   // Part of a frame waits for workers. So does what comes after it.
}

// share is what a turn may take.
type share struct {
	// rounds is how long it begins further rounds, posts how long it posts a frame.
	rounds, posts time.Duration
	// frames is how many it posts; 0 is any number.
	frames int
}

var (
	// inlineShare is that of whoever spoke, who waits for its answer.
	inlineShare = share{rounds: 150 * time.Millisecond, posts: domain.InlineShare}
	// workerShare is a worker's, so that busy rooms take turns.
	workerShare = share{rounds: 300 * time.Millisecond, posts: 300 * time.Millisecond, frames: 1}
)

// ahead is a message that is all that a room lacks, and the members who were there when it had been written.
type ahead struct {
	entry Entry
	page  domain.Page
}

// turn is one that has no lease yet, with a name for its owner.
func (r *Relay) turn(room string, s share) *turn {
	return &turn{Relay: r, room: room, owner: r.NewID(), began: now(), share: s}
}

// begin is with the head as it was when the lease began.
func (t *turn) begin(head Head) { t.head, t.relayed = head, head.Relayed }

// run relays until everything is, or the turn is over. done tells that the room is none of its business any more;
// otherwise it has to be handed on.
func (t *turn) run(ctx context.Context) (done bool, err error) {
	backoff := domain.Backoff{First: firstLook, Random: t.FanOut.Random}
	for looks := 1; ; {
		before := t.relayed
		if err := t.round(ctx); err != nil {
			return false, err
		}
		if t.relayed == t.head.Seq && !t.queued && t.release(ctx) {
			return true, nil
		}
		if t.over || t.queued || time.Since(t.began) >= t.rounds {
			return false, nil
		}
		if t.relayed == before { // There is a hole, which may be closed in a moment.
			if err := backoff.Wait(ctx, looks); err != nil {
				return false, err
			}
			looks++
		}
	}
}

// round pushes what follows the position up to which the log was relayed, as much as fits into a frame. Nothing counts
// as relayed before it was posted, or queued.
func (t *turn) round(ctx context.Context) error {
	if t.first != nil {
		first := t.first
		t.first = nil
		return t.push(ctx, t.frame(ctx, []Entry{first.entry}, first.entry.Seq), &first.page)
	}
	read := reading{logs{t.Log, t.HistoryDays}, t.room, t.head, MaxPage}
	page, last, err := read.following(ctx, t.relayed)
	if err != nil {
		return err
	}
	return t.push(ctx, t.frame(ctx, page.dense(), page.end(t.relayed, last)), nil)
}

// push posts a frame to the members, who are read unless they were.
func (t *turn) push(ctx context.Context, f frame, page *domain.Page) error {
	if f.message == nil {
		t.relayed = f.last
		return nil
	}
	d := f.delivery(t.room, t.head.Epoch)
	round := Round{Room: t.room, Waited: f.waited()}
	until := time.Now().Add(t.posts)
	var err error
	if page != nil {
		round.Report, err = t.FanOut.DeliverPage(ctx, d, *page, until)
	} else {
		round.Report, err = t.FanOut.Deliver(ctx, d, until)
	}
	t.ran(round)
	if err != nil {
		return err
	}
	t.frames--
	t.relayed, t.over, t.queued = f.last, t.frames == 0, round.Report.Queued > 0
	return nil
}

// release ends the lease if the log has not gone on; done tells that it has ended.
func (t *turn) release(ctx context.Context) (done bool) {
	head, err := t.Relays.Release(ctx, t.room, t.owner, t.relayed)
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrLease):
		t.head = head
		return head.Owner != t.owner
	}
	t.over = true // Whether it has, whoever goes on finds out.
	return false
}

// handOn leaves the room to a worker.
func (t *turn) handOn(ctx context.Context) error {
	_, err := t.Relays.Renew(ctx, t.room, t.owner, t.relayed, now().Add(waitingLease))
	if errors.Is(err, ErrLease) {
		return nil
	}
	return t.HandOns.HandOn(ctx, HandOn{t.room, t.owner}) // Where nobody knows of the lease, the worker finds out.
}
