package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

var _ domain.Registry = Registry{}

// Registry keeps the connections. It is safe for concurrent use; its Table is required.
type Registry struct{ Table Table }

// Connect implements domain.Registry with one write unit, or two if the connection has a user.
//
// The row in the user's audience comes first: if writing breaks off, nobody is connected, and the row that is left
// over is deleted by domain.Connector, or by whoever posts to it and finds the connection gone.
func (r Registry) Connect(ctx context.Context, c domain.Connection) error {
	if c.User != "" {
		key := memberKey(domain.UserAudience(c.User), c.ID)
		_, _, err := attempt(ctx, r.Table, r.Table.Client.PutItem, &sdk.PutItemInput{
			TableName: &r.Table.Name, Item: newRow(key, c),
		})
		if err != nil {
			return fmt.Errorf("storing the user of a connection: %w", err)
		}
	}
	// Without the condition, a repetition that is late would make the row forget what was entered meanwhile.
	_, _, err := attempt(ctx, r.Table, r.Table.Client.PutItem, &sdk.PutItemInput{
		TableName:                &r.Table.Name,
		Item:                     newRow(connectionKey(c.ID), c),
		ConditionExpression:      aws.String("attribute_not_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": partitionKey},
	})
	if err != nil && !conditionFailed(err) {
		return fmt.Errorf("storing a connection: %w", err)
	}
	return nil
}

// Get implements domain.Registry with a consistent read.
func (r Registry) Get(ctx context.Context, id string) (domain.Connection, error) {
	out, _, err := attempt(ctx, r.Table, r.Table.Client.GetItem, &sdk.GetItemInput{
		TableName: &r.Table.Name, Key: connectionKey(id), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return domain.Connection{}, fmt.Errorf("reading a connection: %w", err)
	}
	if len(out.Item) == 0 {
		return domain.Connection{}, domain.ErrNotConnected
	}
	return connectionOf(out.Item), nil
}

// Remove implements domain.Registry with one write unit. A row that is gone meets the condition, so a repetition after
// a lost reply succeeds.
func (r Registry) Remove(ctx context.Context, c domain.Connection) error {
	in := &sdk.DeleteItemInput{
		TableName:                &r.Table.Name,
		Key:                      connectionKey(c.ID),
		ConditionExpression:      aws.String("attribute_not_exists(#v)"),
		ExpressionAttributeNames: map[string]string{"#v": version},
	}
	if c.Version != 0 {
		in.ConditionExpression = aws.String("attribute_not_exists(#pk) OR #v = :v")
		in.ExpressionAttributeNames["#pk"] = partitionKey
		in.ExpressionAttributeValues = item{":v": number(c.Version)}
	}
	_, _, err := attempt(ctx, r.Table, r.Table.Client.DeleteItem, in)
	if conditionFailed(err) {
		return domain.ErrChanged
	}
	if err != nil {
		return fmt.Errorf("deleting a connection: %w", err)
	}
	return nil
}

func conditionFailed(err error) bool {
	_, failed := errors.AsType[*types.ConditionalCheckFailedException](err)
	return failed
}
