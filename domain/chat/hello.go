package chat

import (
	"context"

	"wsecho/domain"
)

// Welcome tells a client who it is and what it may do.
type Welcome struct {
	ConnectionID string `json:"connectionId"`
	User         string `json:"user"`
	// ConnectedAt is when the connection began by the service's clock, so that a client whose own clock is wrong can
	// tell how long it lasts.
	ConnectedAt string `json:"connectedAt"`
	// ExpiresAt is when the connection ends at the latest: rotate before.
	ExpiresAt string `json:"expiresAt"`
	Limits    Limits `json:"limits"`
}

// Limits are the numbers that a client has to keep to.
type Limits struct {
	DataBytes    int `json:"dataBytes"`
	Rooms        int `json:"rooms"`
	PageMessages int `json:"pageMessages"`
}

// Hello introduces the service to a client whose messages may have dataBytes of data.
func Hello(from domain.Caller, dataBytes int) Welcome {
	ends := from.ConnectedAt.Add(domain.MaxConnection)
	if !from.TokenEnds.IsZero() && from.TokenEnds.Before(ends) {
		ends = from.TokenEnds
	}
	return Welcome{
		ConnectionID: from.ID,
		User:         from.Name(),
		ConnectedAt:  domain.Timestamp(from.ConnectedAt),
		ExpiresAt:    domain.Timestamp(ends),
		Limits:       Limits{DataBytes: dataBytes, Rooms: MaxRooms, PageMessages: MaxPage},
	}
}

// Mark is the head of a room's log.
type Mark struct {
	Epoch string `json:"epoch"`
	Seq   int64  `json:"seq"`
}

// Pong tells the heads of rooms, from which a client sees whether it missed the last messages.
type Pong struct {
	Rooms map[string]Mark `json:"rooms"`
}

// Ping returns the heads of rooms that the connection is in. Refusals: bad_request, not_a_member.
func (c *Chat) Ping(ctx context.Context, from domain.Caller, rooms []string) (Pong, error) {
	pong := Pong{Rooms: map[string]Mark{}}
	if len(rooms) == 0 {
		return pong, nil
	}
	if len(rooms) > MaxRooms {
		return pong, &domain.Error{Code: domain.BadRequest, Message: `"rooms" has more rooms than a connection may be in`}
	}
	if err := c.mustBeMember(ctx, from, rooms...); err != nil {
		return pong, err
	}
	for _, room := range rooms {
		head, err := c.Log.Head(ctx, room)
		if err != nil {
			return pong, err
		}
		c.Relay.adopt(ctx, room, head)
		pong.Rooms[room] = Mark{head.Epoch, head.Seq}
	}
	return pong, nil
}
