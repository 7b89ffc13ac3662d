package domain

import (
	"context"
	"encoding/json"
	"time"
)

// DeliveryLife is how long a message is worth delivering, unless its sender says otherwise.
const DeliveryLife = time.Hour

// Delivery is a message on its way to an audience, or to that part of it which a span or a list of members names.
type Delivery struct {
	// MessageID is the same for every copy of a message, so that clients can drop the second one.
	MessageID string
	// Message is the text that members get, as JSON.
	Message  json.RawMessage
	Audience Audience
	// Except lists connection ids that do not get the message.
	Except []string
	// Span is the part of the audience that this delivery is for. Where Members is set, they are meant instead.
	Span    Span
	Members []Member
	// MaxMembers, if positive, is the size above which an audience does not get the message at all. It is up to
	// 125: of a larger audience nobody knows the size.
	MaxMembers int
	// Attempt counts the runs in which Members were posted to and not reached, other than by being throttled.
	Attempt int
	// Postponed counts the runs in which Members were throttled, or rested because they had been.
	Postponed int
	// Repairable means that members find out by themselves what they missed, and get it elsewhere. Then those that are
	// not reached within one run and half a second are left to that.
	Repairable bool
	// Condition, if set, is what Message says of a membership. Where the opposite is true, the opposite is posted.
	Condition *Condition
	// AcceptedAt is when the sender was promised delivery, ExpiresAt when trying stops.
	AcceptedAt time.Time
	ExpiresAt  time.Time
	// Delay is how long the queue holds the delivery back, up to 15 minutes. What the queue hands out has none.
	Delay time.Duration
}

// NewDelivery is a message for all of an audience, from now on and for as long as it is worth delivering.
func NewDelivery(id string, message json.RawMessage, a Audience) Delivery {
	now := time.Now()
	return Delivery{
		MessageID: id, Message: message, Audience: a, Span: Ring, AcceptedAt: now, ExpiresAt: now.Add(DeliveryLife),
	}
}

// to is the same delivery for certain members, or for nobody yet, without delay.
func (d Delivery) to(members []Member) Delivery {
	d.Members, d.Delay = members, 0
	return d
}

// Retry tells whether Members are a few that earlier runs did not reach. Such deliveries take time and mostly fail.
func (d Delivery) Retry() bool { return d.Attempt > 0 || d.Postponed > 0 }

// Queue keeps deliveries until a worker has done them, at least once each, in no particular order. Retries get few of
// its workers, so that the others are always there for what is new. Implementations are safe for concurrent use.
type Queue interface {
	// Enqueue stores deliveries. On an error, which wraps ErrUnavailable if trying again can help, any part of them
	// may have been stored.
	Enqueue(ctx context.Context, ds ...Delivery) error
	// DeadLetter puts a delivery where people look at what could not be delivered, with the reason.
	DeadLetter(ctx context.Context, d Delivery, reason string) error
}
