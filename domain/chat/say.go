package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wsecho/domain"
)

// maxPlaces is how many numbers one message tries. A number is lost to a reader that found its position empty for
// too long, so a second one is rare.
const maxPlaces = 5

// Said tells a speaker where its message stands in the room's log.
type Said struct {
	Epoch     string `json:"epoch"`
	Seq       int64  `json:"seq"`
	MessageID string `json:"messageId"`
	// At is the message's time, as the others see it.
	At string `json:"at"`
}

// Message is what a room's members get, and what history shows. A void has only its number.
type Message struct {
	Seq       int64           `json:"seq"`
	Void      bool            `json:"void,omitempty"`
	MessageID string          `json:"messageId,omitempty"`
	From      *domain.Origin  `json:"from,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
	At        string          `json:"at,omitempty"`
}

func (e Entry) message() Message {
	if e.Void {
		return Message{Seq: e.Seq, Void: true}
	}
	return Message{Seq: e.Seq, MessageID: e.MessageID, From: &e.From, Data: e.Data, At: domain.Timestamp(e.At)}
}

// Say stores a message in a room and makes sure that it is relayed to the members. Once it is stored the answer is its
// place, even if that failed: members find it by ping and history.
//
// A key, if not empty, makes repetitions return the first one's place. Refusals:
// bad_request, not_a_member, rate_limited, conflict (the key was used for something else), unavailable (the message may or may not
// have been stored; repeat it with the same key).
func (c *Chat) Say(ctx context.Context, from domain.Caller, room string, data json.RawMessage, key string) (Said, error) {
	if err := c.mustBeMember(ctx, from, room); err != nil {
		return Said{}, err
	}
	if err := c.Limit.Spend(ctx, from); err != nil {
		return Said{}, err
	}
	message := Entry{MessageID: c.NewID(), From: domain.From(from.Connection), Data: data}
	idempotency := &IdempotencyKey{User: from.Name(), Key: key, Sent: Sent{Hash: contentHash(room, data), MessageID: message.MessageID}}
	if key == "" {
		idempotency = nil
	}
	stored, err := c.store(ctx, room, message, idempotency)
	if err != nil {
		return Said{}, err
	}
	return Said{stored.Epoch, stored.Seq, stored.MessageID, domain.Timestamp(stored.At)}, nil
}

// mustBeMember refuses whoever has not joined the room.
func (c *Chat) mustBeMember(ctx context.Context, from domain.Caller, rooms ...string) error {
	for _, room := range rooms {
		if err := checkRoom(room); err != nil {
			return err
		}
	}
	connection, err := c.Registry.Get(ctx, from.ID)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		if !connection.In(Audience(room)) {
			return notAMember(room)
		}
	}
	return nil
}

// contentHash tells contents of messages apart.
func contentHash(to string, data json.RawMessage) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", to, data))
	return hex.EncodeToString(sum[:16])
}

// store writes a message into the room's log, and returns the entry that stands there: an earlier one if the idempotency
// key was used for it.
func (c *Chat) store(ctx context.Context, room string, message Entry, key *IdempotencyKey) (Entry, error) {
	if key != nil {
		// Reading the key first spares the room a void for every repetition.
		switch sent, err := c.IdempotencyKeys.Find(ctx, key.User, key.Key); {
		case err == nil:
			return c.said(ctx, room, sent, key)
		case !errors.Is(err, ErrUnusedKey):
			return Entry{}, err
		}
	}
	return c.place(ctx, room, message, key)
}

// place writes a message at a number that it takes for it. Whatever comes of it, the last number that it took is relayed:
// by the relay that the head showed then, or by nobody if it is not this one.
func (c *Chat) place(ctx context.Context, room string, message Entry, key *IdempotencyKey) (stored Entry, err error) {
	var last Head
	defer func() { c.Relay.ensure(ctx, room, last, stored) }()
	for range maxPlaces {
		head, err := c.Log.Advance(ctx, room, c.NewID(), now())
		if err != nil {
			return Entry{}, err
		}
		last = head
		stored, err := c.write(ctx, room, head, message, key)
		if again, ok := errors.AsType[*AlreadySent](err); ok {
			c.giveUp(ctx, room, head)
			return c.repeated(ctx, room, again.Sent, key)
		}
		if err != nil || stored.MessageID == message.MessageID {
			return stored, err
		}
	}
	return Entry{}, fmt.Errorf("%w: %d places in a row were filled by others", domain.ErrUnavailable, maxPlaces)
}

// write puts a message at the place that was taken for it, and returns what stands there.
func (c *Chat) write(ctx context.Context, room string, place Head, message Entry, key *IdempotencyKey) (Entry, error) {
	message.Epoch, message.Seq, message.At = place.Epoch, place.Seq, place.At
	message.ExpiresAt = place.At.Add(c.logs().history())
	if key != nil {
		placed := *key
		placed.Sent.Epoch, placed.Sent.Seq = place.Epoch, place.Seq
		placed.ExpiresAt = place.At.Add(IdempotencyKeyLife)
		key = &placed
	}
	return c.Log.Write(ctx, room, message, key)
}

// giveUp fills the place of a number that its writer will not use. If it fails, a reader will do it later.
func (c *Chat) giveUp(ctx context.Context, room string, place Head) {
	_, _ = c.Log.Write(ctx, room, c.logs().void(place.Epoch, place.Seq, place.At), nil)
}

// said returns the entry that a key was used for before, and makes sure that it is relayed: whoever wrote it may have
// died before.
func (c *Chat) said(ctx context.Context, room string, sent Sent, key *IdempotencyKey) (Entry, error) {
	stored, err := c.repeated(ctx, room, sent, key)
	if err != nil {
		return Entry{}, err
	}
	head, err := c.Log.Head(ctx, room)
	switch {
	case err != nil:
		c.Relay.failed(ctx, room, stored.Seq-1, err)
	case head.Epoch == stored.Epoch && stored.Seq > head.Relayed:
		c.Relay.ensure(ctx, room, head, Entry{})
	}
	return stored, nil
}

// repeated returns the entry that a key was used for before.
func (c *Chat) repeated(ctx context.Context, room string, sent Sent, key *IdempotencyKey) (Entry, error) {
	if sent.Hash != key.Sent.Hash {
		return Entry{}, conflict()
	}
	entries, _, err := c.Log.Read(ctx, room, sent.Epoch, Range{From: sent.Seq, To: sent.Seq})
	if err == nil && len(entries) == 0 {
		// Rows that are written in one transaction are not seen at one instant by reads outside of one.
		// Source: AWS, "Amazon DynamoDB transactions: how it works", isolation levels.
		err = fmt.Errorf("%w: a key remembers %s %d of %s, which is not there", domain.ErrUnavailable, sent.Epoch, sent.Seq, room)
	}
	if err != nil {
		return Entry{}, err
	}
	return entries[0], nil
}

func conflict() error {
	return &domain.Error{Code: domain.Conflict, Message: "this key was used for another message; take a new one for each"}
}

// now is the time to the millisecond, as it is stored.
func now() time.Time { return time.Now().Truncate(time.Millisecond) }
