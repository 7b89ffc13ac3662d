package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wsecho/domain/chat"
)

// Find implements chat.Keys with a consistent read.
func (l ChatLog) Find(ctx context.Context, user, key string) (chat.Sent, error) {
	row, err := l.Table.Get(ctx, claimKey(user, key))
	if err != nil {
		return chat.Sent{}, fmt.Errorf("reading a key: %w", err)
	}
	claim := Read[claimRow](ctx, l.Table, row)
	if time.Now().Unix() >= claim.Expires {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return claim.sent(), nil
}

// Claim implements chat.Keys with one write unit.
func (l ChatLog) Claim(ctx context.Context, claim chat.Claim) error {
	old, _, err := l.Table.Put(ctx, putClaim(claim))
	if errors.Is(err, ErrCondition) {
		return &chat.AlreadySent{Sent: Read[claimRow](ctx, l.Table, old).sent()}
	}
	if err != nil {
		return fmt.Errorf("claiming a key: %w", err)
	}
	return nil
}

// putClaim writes a claim unless another message has the key. One that has expired is as good as collected.
func putClaim(claim chat.Claim) Put {
	return Put{
		Row:    newClaimRow(claim),
		If:     "attribute_not_exists(#pk) OR #exp <= :now OR #id = :id",
		Values: Values{":now": time.Now().Unix(), ":id": claim.Sent.MessageID},
	}
}
