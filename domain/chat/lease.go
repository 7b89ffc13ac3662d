package chat

import (
	"context"
	"errors"
	"time"
)

const (
	// workingLease is how long a relay has a room: longer than a turn takes, unless its store is slow.
	workingLease = 5 * time.Second
	// waitingLease is how long a room that was handed on waits for a worker.
	waitingLease = 10 * time.Second
	// abandonedAge is how long after the last number a room without a relay is taken over by whoever comes by: whoever
	// took that number would have done so by now.
	abandonedAge = 3 * time.Second
)

// ErrLease means that a room has another relay than the caller needs, or that its log has gone on.
var ErrLease = errors.New("the room's lease is another")

// Relays knows who relays a room's log to its members, and up to where it did: Relayed, Owner and Until of the room's
// Head. Each method is one conditional write of the head, which it returns as it is afterwards, also with ErrLease: then
// nothing was written. Implementations are safe for concurrent use. An error may wrap domain.ErrUnavailable: nothing is
// known of the outcome, and the same call may be made again.
//
// A lease is given up by Release alone, on condition that the number taken last is relayed. So a number that was taken
// before is never overlooked, and whoever takes one afterwards sees no lease. Clocks may differ, and a lease may run out
// while its owner lives: two relays at once send members twice what they know how to drop, and nothing worse.
type Relays interface {
	// Acquire makes owner the relay until a time. ErrLease: at the time now another one is, or the log is relayed up to
	// seq already, or nobody ever took a number. owner must be new for every call, so that an attempt whose reply was
	// lost is recognised, and nobody else's is taken for it.
	Acquire(ctx context.Context, room, owner string, seq int64, now, until time.Time) (Head, error)
	// TakeOver makes owner, which must be new for every call, the relay in place of another one that handed the room on.
	// ErrLease: neither of them is the room's relay.
	TakeOver(ctx context.Context, room, from, owner string, until time.Time) (Head, error)
	// Renew notes up to where owner has relayed and sets until when its lease lasts. ErrLease: it is not the relay.
	Renew(ctx context.Context, room, owner string, relayed int64, until time.Time) (Head, error)
	// Release notes that owner has relayed everything, up to a number, and ends its lease. ErrLease: it is not the relay,
	// or another number has been taken since; the Head tells which.
	Release(ctx context.Context, room, owner string, relayed int64) (Head, error)
}

// HandOn asks for a worker to go on with a room.
type HandOn struct {
	Room string
	// Owner is the relay that handed the room on. If it is another one by now, somebody has gone on already.
	Owner string
}

// HandOns keeps what was handed on until a worker has done it: Relay.Continue, at least once each, in no particular
// order. What fails is to be handed out again after about fifteen seconds, however often, and never becomes a dead
// letter. Implementations are safe for concurrent use.
type HandOns interface {
	// HandOn stores that a room is to be gone on with. An error wraps domain.ErrUnavailable if trying again can help; it
	// may have been stored.
	HandOn(ctx context.Context, h HandOn) error
}

// leased tells whether somebody relays the room.
func (h Head) leased() bool { return h.Owner != "" && time.Now().Before(h.Until) }

// unrelayed tells that something in the log is nobody's business.
func (h Head) unrelayed() bool { return h.Seq > h.Relayed && !h.leased() }

// abandoned tells that so it has been for a while.
func (h Head) abandoned() bool { return h.unrelayed() && time.Since(h.At) >= abandonedAge }
