// Package chat is what a team builds on wsEcho, built by us as the example: rooms with presence, direct messages,
// and an ordered history from which a client resumes after any break. The core knows nothing of it.
//
// A room is a shared log. Whoever speaks takes the next number from the room's head, then writes the message at that
// position, where nothing can replace it. A writer that dies in between leaves a hole, which readers fill with a
// void once it is old enough. So the numbers of a room are dense, and what was acknowledged is never lost.
//
// Members are pushed a room's log by its relay, which is whoever found that there was none when it spoke, and then a
// worker: all that came in meanwhile at once. It lets go only if everything is relayed; see Relay and Relays.
package chat

import (
	"fmt"
	"regexp"
	"time"

	"wsecho/domain"
)

// The limits of chat.
const (
	// MaxRooms is how many rooms a connection may be in.
	MaxRooms = 20
	// MaxPage is how many messages a page of history has at most.
	MaxPage = 100
	// maxPageBytes bounds a page, so that a reply with it and a list of members stays below 120 KB.
	maxPageBytes = 100 << 10
	// maxListed is the size up to which a room announces who comes and goes, and lists its members to who joins.
	maxListed = 100
)

// Chat has the use cases of chat. All its fields are required. It is safe for concurrent use.
type Chat struct {
	Registry        domain.Registry
	Memberships     domain.Memberships
	Log             Log
	IdempotencyKeys IdempotencyKeys
	FanOut          *domain.FanOut
	// Relay pushes what is said. It has the same Log and HistoryDays.
	Relay *Relay
	// Policy decides who may join and tell; see ActJoin and ActTell.
	Policy domain.Policy
	// Limit bounds what a user says and tells, and as multiples of that, each counted apart, how often it joins and
	// leaves rooms and reads history and members.
	Limit domain.RateLimit
	// NewID returns a new UUID of version 7.
	NewID func() string
	// HistoryDays is how long messages are kept.
	HistoryDays int
}

// moves is the budget of joins and leaves, each of which may be announced to a whole room: as many joins as messages,
// with the leaves that belong to them. Those who come back to all of their rooms have not spent what they want to say.
func (c *Chat) moves() domain.RateLimit { return c.Limit.Apart("joins and leaves", 2) }

// reads is the budget of history and who. Coming back after a long time takes many pages, so it is the largest one.
func (c *Chat) reads() domain.RateLimit { return c.Limit.Apart("reads of history and members", 5) }

var roomName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

// Rooms are the audiences of the members of rooms.
var Rooms = domain.AudienceKind{Prefix: "room:", Valid: roomName.MatchString}

// Audience is the audience of a room's members.
func Audience(room string) domain.Audience { return Rooms.Of(room) }

// checkRoom refuses with bad_request what cannot be the name of a room.
func checkRoom(room string) error {
	if roomName.MatchString(room) {
		return nil
	}
	return &domain.Error{
		Code:    domain.BadRequest,
		Message: "a room's name has 1 to 64 letters, digits and _ . : - and begins with a letter or digit",
	}
}

func notAMember(room string) error {
	return &domain.Error{
		Code:    domain.NotAMember,
		Message: fmt.Sprintf("this connection is not in the room %s; join it first", room),
		Details: map[string]any{"room": room},
	}
}

// logs are the rooms' logs, of which messages are kept for a number of days.
type logs struct {
	Log  Log
	days int
}

func (c *Chat) logs() logs { return logs{c.Log, c.HistoryDays} }

// history is how long messages are kept.
func (l logs) history() time.Duration { return time.Duration(l.days) * 24 * time.Hour }

// void is the entry for a place where no message will be.
func (l logs) void(epoch string, seq int64, at time.Time) Entry {
	return Entry{Epoch: epoch, Seq: seq, At: at, ExpiresAt: at.Add(l.history()), Void: true}
}
