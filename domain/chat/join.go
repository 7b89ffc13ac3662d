package chat

import (
	"context"
	"errors"
	"fmt"

	"wsecho/domain"
)

// Joined tells who joined a room what it needs to follow it.
type Joined struct {
	Room string `json:"room"`
	// Epoch and Seq are the head of the room's log.
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
	// Members are the users in the room; nil if it has more than 100 connections.
	Members []Present `json:"members,omitempty"`
	// Recovered is true if Messages are what follows the position that was given, with nothing missing. Otherwise
	// they are the newest ones.
	Recovered bool      `json:"recovered"`
	Messages  []Message `json:"messages"`
	// More tells that there are further messages: newer ones if recovered, older ones if not.
	More bool `json:"more"`
}

// Resume is the position up to which a client that joins has a room's messages.
type Resume struct {
	Epoch string
	After int64
}

// Join makes the connection a member of a room. With a position to resume from it returns what was missed since.
// Joining again is how to resume, and no error. Refusals: bad_request, forbidden, rate_limited, limit_exceeded,
// connection_closed.
func (c *Chat) Join(ctx context.Context, from domain.Caller, room string, resume *Resume) (Joined, error) {
	if err := checkRoom(room); err != nil {
		return Joined{}, err
	}
	if err := c.Policy.Permit(ctx, from, ActJoin(room)); err != nil {
		return Joined{}, err
	}
	if err := c.moves().Spend(ctx, from); err != nil {
		return Joined{}, err
	}
	if err := c.enter(ctx, from, room); err != nil {
		return Joined{}, err
	}
	return c.catchUp(ctx, room, resume)
}

// enter makes the connection a member, unless it is one, and tells so first: in the other order, who dies in between
// takes the news along.
func (c *Chat) enter(ctx context.Context, from domain.Caller, room string) error {
	connection, err := c.Registry.Get(ctx, from.ID)
	switch {
	case err != nil:
		return err
	case connection.In(Audience(room)):
		return nil
	case len(connection.Audiences) >= MaxRooms:
		return tooManyRooms()
	}
	if err := c.FanOut.Queue.Enqueue(ctx, c.announcement(joined, from.Connection, room)); err != nil {
		return err
	}
	_, err = c.Memberships.Enter(ctx, from.Connection, Audience(room), MaxRooms)
	if errors.Is(err, domain.ErrLimit) {
		return tooManyRooms()
	}
	return err
}

func tooManyRooms() error {
	return &domain.Error{
		Code:    domain.LimitExceeded,
		Message: fmt.Sprintf("a connection may be in %d rooms; leave one first", MaxRooms),
		Details: map[string]any{"limit": MaxRooms},
	}
}

// catchUp reads what a new member needs. The membership is written before, so that every message is either read here
// or pushed, or both.
func (c *Chat) catchUp(ctx context.Context, room string, resume *Resume) (Joined, error) {
	head, err := c.Log.Head(ctx, room)
	if err != nil {
		return Joined{}, err
	}
	joined := Joined{Room: room, Epoch: head.Epoch, Seq: head.Seq}
	if joined.Members, err = c.list(ctx, room); err != nil {
		return Joined{}, err
	}
	read := reading{c.logs(), room, head, MaxPage}
	var page History
	if resume != nil && (resume.Epoch == head.Epoch || fromTheBeginning(resume.Epoch, &resume.After)) {
		page, joined.Recovered, err = read.after(ctx, resume.After)
	}
	if err == nil && !joined.Recovered {
		page, err = read.newest(ctx)
	}
	joined.Messages, joined.More = page.Messages, page.More
	if err == nil {
		c.Relay.adopt(ctx, room, head)
	}
	return joined, err
}

// Left answers who left a room.
type Left struct {
	Room string `json:"room"`
}

// Leave ends the connection's membership of a room, and tells so first: in the other order, who dies in between takes the
// news along. Leaving a room that one is not in is no error. Refusals: bad_request, rate_limited.
func (c *Chat) Leave(ctx context.Context, from domain.Caller, room string) (Left, error) {
	if err := checkRoom(room); err != nil {
		return Left{}, err
	}
	if err := c.moves().Spend(ctx, from); err != nil {
		return Left{}, err
	}
	switch err := c.mustBeMember(ctx, from, room); {
	case isNotAMember(err):
		return Left{Room: room}, nil // Nobody is told of somebody who is not there.
	case err != nil:
		return Left{}, err
	}
	if err := c.FanOut.Queue.Enqueue(ctx, c.announcement(left, from.Connection, room)); err != nil {
		return Left{}, err
	}
	if _, err := c.Memberships.Leave(ctx, from.ID, Audience(room)); err != nil {
		return Left{}, err
	}
	return Left{Room: room}, nil
}

// isNotAMember tells that a refusal says that the connection is in no such room, or gone.
func isNotAMember(err error) bool {
	refusal, ok := errors.AsType[*domain.Error](err)
	return ok && refusal.Code == domain.NotAMember || errors.Is(err, domain.ErrNotConnected)
}
