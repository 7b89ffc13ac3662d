package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wsecho/adapters/dynamodb"
	"wsecho/domain/chat"
)

// Find implements chat.IdempotencyKeys with a consistent read.
func (s Store) Find(ctx context.Context, user, key string) (chat.Sent, error) {
	row, err := s.Table.Get(ctx, idempotencyKey(user, key))
	if err != nil {
		return chat.Sent{}, fmt.Errorf("reading a key: %w", err)
	}
	used := dynamodb.Read[idempotencyRow](ctx, s.Table, row)
	if time.Now().Unix() >= used.Expires {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return used.sent(), nil
}

// Use implements chat.IdempotencyKeys with one write unit.
func (s Store) Use(ctx context.Context, key chat.IdempotencyKey) error {
	old, _, err := s.Table.Put(ctx, putIdempotencyKey(key))
	if errors.Is(err, dynamodb.ErrCondition) {
		return &chat.AlreadySent{Sent: dynamodb.Read[idempotencyRow](ctx, s.Table, old).sent()}
	}
	if err != nil {
		return fmt.Errorf("using an idempotency key: %w", err)
	}
	return nil
}

// putIdempotencyKey writes a key unless another message has the key. One that has expired is as good as collected.
func putIdempotencyKey(key chat.IdempotencyKey) dynamodb.Put {
	return dynamodb.Put{
		Row:    newIdempotencyRow(key),
		If:     "attribute_not_exists(#pk) OR #exp <= :now OR #id = :id",
		Values: dynamodb.Values{":now": time.Now().Unix(), ":id": key.Sent.MessageID},
	}
}
