package dynamodb

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain/chat"
)

// Find implements chat.Keys with a consistent read.
func (l ChatLog) Find(ctx context.Context, user, key string) (chat.Sent, error) {
	out, _, err := attempt(ctx, l.Table, l.Table.Client.GetItem, &sdk.GetItemInput{
		TableName: &l.Table.Name, Key: claimKey(user, key), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return chat.Sent{}, fmt.Errorf("reading a key: %w", err)
	}
	if time.Now().Unix() >= numberIn(out.Item, expires) {
		return chat.Sent{}, chat.ErrUnusedKey
	}
	return sentOf(out.Item), nil
}

// Claim implements chat.Keys with one write unit.
func (l ChatLog) Claim(ctx context.Context, claim chat.Claim) error {
	there, err := l.put(ctx, l.putClaim(claim))
	if err != nil {
		return fmt.Errorf("claiming a key: %w", err)
	}
	if there != nil {
		return &chat.AlreadySent{Sent: sentOf(there)}
	}
	return nil
}

// putClaim writes a claim unless another message has the key. One that has expired is as good as collected.
func (l ChatLog) putClaim(claim chat.Claim) *types.Put {
	return &types.Put{
		TableName:                &l.Table.Name,
		Item:                     newClaimRow(claim),
		ConditionExpression:      aws.String("attribute_not_exists(#pk) OR #exp <= :now OR #id = :id"),
		ExpressionAttributeNames: map[string]string{"#pk": partitionKey, "#exp": expires, "#id": idName},
		ExpressionAttributeValues: item{
			":now": number(time.Now().Unix()), ":id": text(claim.Sent.MessageID),
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}
