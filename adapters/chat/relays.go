package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wsecho/adapters/dynamodb"
	"wsecho/domain/chat"
)

var _ chat.Relays = Store{}

// Acquire implements chat.Relays, like all of it with one write unit, which a refusal costs as well.
func (s Store) Acquire(ctx context.Context, room, owner string, seq int64, now, until time.Time) (chat.Head, error) {
	return s.lease(ctx, room, "acquiring", dynamodb.Update{
		Do: "SET #owner = :owner, #until = :until",
		If: "(attribute_not_exists(#owner) OR #until <= :now OR #owner = :owner) AND #relayed < :seq AND attribute_exists(#seq)",
		Values: dynamodb.Values{
			":owner": owner, ":until": until.UnixMilli(), ":now": now.UnixMilli(), ":seq": seq,
		},
	})
}

// TakeOver implements chat.Relays.
func (s Store) TakeOver(ctx context.Context, room, from, owner string, until time.Time) (chat.Head, error) {
	return s.lease(ctx, room, "taking over", dynamodb.Update{
		Do:     "SET #owner = :owner, #until = :until",
		If:     "#owner IN (:from, :owner)",
		Values: dynamodb.Values{":from": from, ":owner": owner, ":until": until.UnixMilli()},
	})
}

// Renew implements chat.Relays.
func (s Store) Renew(ctx context.Context, room, owner string, relayed int64, until time.Time) (chat.Head, error) {
	return s.lease(ctx, room, "renewing", dynamodb.Update{
		Do:     "SET #relayed = :relayed, #until = :until",
		If:     "#owner = :owner",
		Values: dynamodb.Values{":owner": owner, ":relayed": relayed, ":until": until.UnixMilli()},
	})
}

// Release implements chat.Relays.
func (s Store) Release(ctx context.Context, room, owner string, relayed int64) (chat.Head, error) {
	return s.lease(ctx, room, "releasing", dynamodb.Update{
		Do:     "SET #relayed = :relayed REMOVE #owner, #until",
		If:     "#owner = :owner AND #seq = :relayed",
		Values: dynamodb.Values{":owner": owner, ":relayed": relayed},
	})
}

// lease updates a room's head, and says why if it can't.
func (s Store) lease(ctx context.Context, room, doing string, u dynamodb.Update) (chat.Head, error) {
	u.Key = headKey(room)
	row, _, err := s.Table.Update(ctx, u)
	switch {
	case errors.Is(err, dynamodb.ErrCondition):
		err = chat.ErrLease
	case err != nil:
		return chat.Head{}, fmt.Errorf("%s a room: %w", doing, err)
	}
	return dynamodb.Read[headRow](ctx, s.Table, row).head(), err
}
