package domain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Origin tells the receivers of a message whom it is from. The service stamps it; a client cannot choose it.
type Origin struct {
	User       string `json:"user"`
	Connection string `json:"connection"`
}

// From is the origin of what a connection sends.
func From(c Connection) Origin { return Origin{User: c.Name(), Connection: c.ID} }

// Ack tells the sender of a message what became of it so far.
type Ack struct {
	MessageID string `json:"messageId"`
	Sent      int    `json:"sent"`
	Gone      int    `json:"gone"`
	Failed    int    `json:"failed"`
	// Queued means that workers deliver what remains.
	Queued bool `json:"queued"`
}

// Ack is what the sender of a message is told of a run.
func (r Report) Ack(messageID string) Ack {
	return Ack{MessageID: messageID, Sent: r.Sent, Gone: r.Gone, Failed: r.Failed, Queued: r.Queued > 0}
}

// InlineShare is how long the sender of a message waits for its delivery at most; what remains is queued.
const InlineShare = 500 * time.Millisecond

// Broadcaster is the use case of a client that speaks to everybody.
type Broadcaster struct {
	FanOut *FanOut
	// Policy decides who may; see ActBroadcast.
	Policy Policy
	// Limit bounds how often one speaks.
	Limit RateLimit
	// NewID returns a new message id, unique and sortable by time.
	NewID func() string
}

// Broadcast sends data to every connection but the sender's. A key, if not empty, makes the message id the same
// whenever this sender repeats it, so that receivers drop the repetition.
// An error that wraps ErrUnavailable says that any part of the members may have been reached. Refusals: forbidden,
// rate_limited.
func (uc Broadcaster) Broadcast(ctx context.Context, from Caller, data json.RawMessage, key string) (Ack, error) {
	if err := uc.Policy.Permit(ctx, from, ActBroadcast); err != nil {
		return Ack{}, err
	}
	if err := uc.Limit.Spend(ctx, from); err != nil {
		return Ack{}, err
	}
	now := time.Now()
	id := uc.NewID()
	if key != "" {
		id = KeyedID(from.Name(), key)
	}
	message, err := Encode(struct {
		Type      string          `json:"type"`
		MessageID string          `json:"messageId"`
		From      Origin          `json:"from"`
		Data      json.RawMessage `json:"data"`
		At        string          `json:"at"`
	}{"broadcast", id, From(from.Connection), data, Timestamp(now)})
	if err != nil {
		return Ack{}, err
	}
	report, err := uc.FanOut.Deliver(ctx, Delivery{
		MessageID: id, Message: message, Audience: Everyone, Except: []string{from.ID}, Span: Ring,
		AcceptedAt: now, ExpiresAt: now.Add(DeliveryLife),
	}, now.Add(InlineShare))
	return report.Ack(id), err
}

// KeyedID derives a message id from its sender's name and a key of the sender's choice.
func KeyedID(sender, key string) string {
	sum := sha256.Sum256([]byte(sender + "\x00" + key))
	return "key-" + hex.EncodeToString(sum[:16])
}

// Encode writes a value as JSON the way clients get it: raw messages pass unchanged but for white space, and
// characters such as < stay one byte long.
func Encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
