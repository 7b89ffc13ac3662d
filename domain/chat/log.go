package chat

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"wsecho/domain"
)

// Head is where a room's log ends. A room in which nobody ever spoke has the zero Head.
type Head struct {
	// Epoch is set by a room's first message. A room whose log was lost gets another one, so that a position of the
	// old log is not mistaken for one of the new.
	Epoch string
	// Seq is the number that was taken last.
	Seq int64
	// At is when that was.
	At time.Time
	// Relayed is the number up to which the members were sent the log.
	Relayed int64
	// Owner is the room's relay, empty if it has none, and Until when its lease ends; see Relays.
	Owner string
	Until time.Time
}

// Entry is what stands at a position of a room's log: a message, or a void where none will ever be.
type Entry struct {
	Epoch     string
	Seq       int64
	MessageID string
	From      domain.Origin
	Data      json.RawMessage
	// At is when the number was taken, ExpiresAt when the entry is forgotten.
	At, ExpiresAt time.Time
	Void          bool
}

// Range is a run of positions, both ends included.
type Range struct {
	From, To int64
	// Limit is how many entries to return at most; 0 is as many as fit.
	Limit int
	// Newest returns the last ones of those that are too many, instead of the first.
	Newest bool
}

// Log keeps the messages of rooms. Implementations are safe for concurrent use. Any method may return an error that
// wraps domain.ErrUnavailable: nothing is known of the outcome, and the same call may be made again.
type Log interface {
	// Advance takes the next number of a room, and sets the head's time. epoch becomes the room's if it has none; nothing
	// of its log is relayed then. A number that was taken but not reported leaves a hole.
	Advance(ctx context.Context, room, epoch string, at time.Time) (Head, error)
	// Head returns the current head of a room.
	Head(ctx context.Context, room string) (Head, error)
	// Write puts an entry at its position unless there is one already, and returns the one that stands there
	// afterwards. With an idempotency key, both are stored or neither; AlreadySent: the key was used before, nothing was
	// written. Repeating a Write whose outcome is unknown is safe.
	Write(ctx context.Context, room string, e Entry, key *IdempotencyKey) (Entry, error)
	// Read returns the entries of a room's epoch within a range, ascending and without the expired ones. cut tells
	// that there may be more, because of the limit or because an answer holds only so much; it has an entry then.
	Read(ctx context.Context, room, epoch string, r Range) (entries []Entry, cut bool, err error)
}

// Sent is what is remembered of a message that was sent with a key.
type Sent struct {
	// Hash tells whether a repetition has the same content.
	Hash      string
	MessageID string
	// Epoch and Seq are the message's place in its room's log, if it has one.
	Epoch string
	Seq   int64
}

// IdempotencyKeyLife is how long a key is remembered.
const IdempotencyKeyLife = 24 * time.Hour

// IdempotencyKey marks a key of a user as used for a message.
type IdempotencyKey struct {
	User, Key string
	Sent      Sent
	ExpiresAt time.Time
}

// AlreadySent is the error that a key was used before, with what was sent then.
type AlreadySent struct{ Sent Sent }

// Error says that the key was used.
func (e *AlreadySent) Error() string { return "the key was used before" }

// ErrUnusedKey means that nothing was sent with a key, or too long ago.
var ErrUnusedKey = errors.New("the key was not used")

// IdempotencyKeys remember what was sent with a key. Implementations are safe for concurrent use; errors may wrap
// domain.ErrUnavailable as those of Log.
type IdempotencyKeys interface {
	// Find returns what was sent with a user's key, however recently. ErrUnusedKey: nothing.
	Find(ctx context.Context, user, key string) (Sent, error)
	// Use marks a key as used. AlreadySent: it is already, by another message. Using it again for the same message
	// id is no error.
	Use(ctx context.Context, key IdempotencyKey) error
}
