package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wsecho/adapters/dynamodb"
	"wsecho/domain/chat"
)

// Find implements chat.Keys with a consistent read.
func (s Store) Find(ctx context.Context, user, key string) (chat.Sent, error) {
	row, err := s.Table.Get(ctx, claimKey(user, key))
	if err != nil {
		return chat.Sent{}, fmt.Errorf("reading a key: %w", err)
	}
	claim := dynamodb.Read[claimRow](ctx, s.Table, row)
	if time.Now().Unix() >= claim.Expires {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return claim.sent(), nil
}

// Claim implements chat.Keys with one write unit.
func (s Store) Claim(ctx context.Context, claim chat.Claim) error {
	old, _, err := s.Table.Put(ctx, putClaim(claim))
	if errors.Is(err, dynamodb.ErrCondition) {
		return &chat.AlreadySent{Sent: dynamodb.Read[claimRow](ctx, s.Table, old).sent()}
	}
	if err != nil {
		return fmt.Errorf("claiming a key: %w", err)
	}
	return nil
}

// putClaim writes a claim unless another message has the key. One that has expired is as good as collected.
func putClaim(claim chat.Claim) dynamodb.Put {
	return dynamodb.Put{
		Row:    newClaimRow(claim),
		If:     "attribute_not_exists(#pk) OR #exp <= :now OR #id = :id",
		Values: dynamodb.Values{":now": time.Now().Unix(), ":id": claim.Sent.MessageID},
	}
}
