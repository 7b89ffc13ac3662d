package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wsecho/domain"
)

// Recipient is whom a direct message is for: all connections of a user, or one connection. Exactly one is set.
type Recipient struct{ User, Connection string }

// Tell sends a direct message, which is not stored. A key, if not empty, makes repetitions carry the same message
// id. Refusals: bad_request, forbidden, recipient_not_found, rate_limited, conflict (the key was used for something else).
func (c *Chat) Tell(ctx context.Context, from domain.Caller, to Recipient, data json.RawMessage, key string) (domain.Ack, error) {
	if err := c.Policy.Permit(ctx, from, ActTell); err != nil {
		return domain.Ack{}, err
	}
	delivery, err := c.address(ctx, to)
	if err != nil {
		return domain.Ack{}, err
	}
	if err := c.Limit.Spend(ctx, from); err != nil {
		return domain.Ack{}, err
	}
	if delivery.MessageID, err = c.identify(ctx, from, to, data, key); err != nil {
		return domain.Ack{}, err
	}
	delivery.Except = []string{from.ID}
	delivery.AcceptedAt = now()
	delivery.ExpiresAt = delivery.AcceptedAt.Add(domain.DeliveryLife)
	delivery.Message, err = domain.EncodeMessage("direct", "", domain.Spoken{
		MessageID: delivery.MessageID, From: domain.From(from.Connection), Data: data, At: domain.Timestamp(delivery.AcceptedAt),
	})
	if err != nil {
		return domain.Ack{}, err
	}
	report, err := c.FanOut.Deliver(ctx, delivery, delivery.AcceptedAt.Add(domain.InlineShare))
	teller := from.User != "" && from.User == to.User // Its connection is there, and was left out.
	if err == nil && !teller && report.Gone > 0 && report.Sent+report.Failed+report.Queued == 0 {
		err = notFound(to)
	}
	return report.Ack(delivery.MessageID), err
}

// address begins a delivery to a recipient who is connected.
func (c *Chat) address(ctx context.Context, to Recipient) (domain.Delivery, error) {
	if to.Connection != "" {
		connection, err := c.Registry.Get(ctx, to.Connection)
		if errors.Is(err, domain.ErrNotConnected) || err == nil && !time.Now().Before(connection.ExpiresAt) {
			return domain.Delivery{}, notFound(to)
		}
		member := domain.Member{ID: connection.ID, ConnectedAt: connection.ConnectedAt, ExpiresAt: connection.ExpiresAt}
		return domain.Delivery{Audience: domain.Everyone, Members: []domain.Member{member}}, err
	}
	if !domain.ValidUser(to.User) {
		return domain.Delivery{}, notFound(to)
	}
	audience := domain.UserAudience(to.User)
	page, err := c.Registry.Members(ctx, audience, domain.Ring, 1)
	if err == nil && len(page.Members) == 0 && !page.More {
		err = notFound(to)
	}
	return domain.Delivery{Audience: audience, Span: domain.Ring}, err
}

func notFound(to Recipient) error {
	kind, name := "user", to.User
	if to.Connection != "" {
		kind, name = "connection", to.Connection
	}
	return &domain.Error{
		Code:    domain.RecipientNotFound,
		Message: fmt.Sprintf("the %s %.64q is not connected", kind, name),
	}
}

// identify returns the id of a message: a new one, or that of the first message that this sender gave the key to.
func (c *Chat) identify(ctx context.Context, from domain.Caller, to Recipient, data json.RawMessage, key string) (string, error) {
	id := c.NewID()
	if key == "" {
		return id, nil
	}
	hash := contentHash(to.User+"\x00"+to.Connection, data)
	err := c.IdempotencyKeys.Use(ctx, IdempotencyKey{
		User: from.Name(), Key: key, Sent: Sent{Hash: hash, MessageID: id}, ExpiresAt: now().Add(IdempotencyKeyLife),
	})
	again, ok := errors.AsType[*AlreadySent](err)
	switch {
	case !ok:
		return id, err
	case again.Sent.Hash != hash:
		return "", conflict()
	}
	return again.Sent.MessageID, nil
}
