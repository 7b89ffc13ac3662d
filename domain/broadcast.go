package domain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

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
	message, err := EncodeMessage("broadcast", "", Spoken{id, From(from.Connection), data, Timestamp(now)})
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
