package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

var _ domain.Memberships = Memberships{}

// Memberships keeps who entered which audience. It is safe for concurrent use; its Table is required.
//
// Entering and leaving are transactions over the connection's row, which lists the audience, and the member's row: four
// write units, more if the connection's row exceeds a kilobyte. A transaction has a token, by which DynamoDB recognises
// its repetition after a lost reply (for ten minutes) and answers as it did the first time.
// Source: AWS, "Amazon DynamoDB transactions: how it works", idempotency.
type Memberships struct{ Table Table }

// Enter implements domain.Memberships.
func (m Memberships) Enter(ctx context.Context, c domain.Connection, a domain.Audience, max int) (created bool, err error) {
	list := m.change(c.ID, a, "ADD #aud :set, #v :1", enterCondition(max))
	list.ExpressionAttributeValues[":max"] = number(int64(max))
	cause, unsure, err := m.transact(ctx, types.TransactWriteItem{Update: list}, types.TransactWriteItem{Put: &types.Put{
		TableName: &m.Table.Name, Item: newRow(memberKey(a, c.ID), c),
	}})
	switch {
	case err == nil:
		return true, nil
	case !cause.unlisted:
		return unsure, fmt.Errorf("entering an audience: %w", err)
	case len(cause.stored) == 0:
		return unsure, domain.ErrNotConnected
	case slices.Contains(audiencesIn(cause.stored), a):
		return unsure, nil
	}
	return unsure, domain.ErrLimit
}

// enterCondition holds if the connection is in fewer than max audiences, and not in :a. A set that is empty is absent,
// and what is absent has no size that would be less than anything.
func enterCondition(max int) string {
	room := "size(#aud) < :max"
	if max > 0 {
		room = "(attribute_not_exists(#aud) OR " + room + ")"
	}
	return "NOT contains(#aud, :a) AND " + room
}

// Leave implements domain.Memberships.
func (m Memberships) Leave(ctx context.Context, id string, a domain.Audience) (left bool, err error) {
	unlist := m.change(id, a, "DELETE #aud :set ADD #v :1", "contains(#aud, :a)")
	cause, unsure, err := m.transact(ctx, types.TransactWriteItem{Update: unlist}, types.TransactWriteItem{Delete: &types.Delete{
		TableName:                &m.Table.Name,
		Key:                      memberKey(a, id),
		ConditionExpression:      aws.String("attribute_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": partitionKey},
	}})
	if err == nil || cause.unlisted {
		return err == nil || unsure, nil
	}
	if cause.noMember {
		err = m.unlist(ctx, unlist)
	}
	if err != nil {
		return unsure, fmt.Errorf("leaving an audience: %w", err)
	}
	return unsure, nil
}

// unlist takes an audience off a connection's list that somebody who was closing the connection evicted it from.
func (m Memberships) unlist(ctx context.Context, u *types.Update) error {
	_, _, err := attempt(ctx, m.Table, m.Table.Client.UpdateItem, &sdk.UpdateItemInput{
		TableName:                 u.TableName,
		Key:                       u.Key,
		UpdateExpression:          u.UpdateExpression,
		ConditionExpression:       u.ConditionExpression,
		ExpressionAttributeNames:  u.ExpressionAttributeNames,
		ExpressionAttributeValues: u.ExpressionAttributeValues,
	})
	if conditionFailed(err) {
		return nil
	}
	return err
}

// Evict implements domain.Memberships with one write unit.
func (m Memberships) Evict(ctx context.Context, id string, a domain.Audience) error {
	_, _, err := attempt(ctx, m.Table, m.Table.Client.DeleteItem, &sdk.DeleteItemInput{
		TableName: &m.Table.Name, Key: memberKey(a, id),
	})
	if err != nil {
		return fmt.Errorf("deleting a member: %w", err)
	}
	return nil
}

// change is a change of the audiences that a connection's row lists, on a condition. It never creates the row. The
// values :a, the audience, and :set, the set of it alone, are there for the expressions.
func (m Memberships) change(id string, a domain.Audience, update, condition string) *types.Update {
	return &types.Update{
		TableName:                &m.Table.Name,
		Key:                      connectionKey(id),
		UpdateExpression:         &update,
		ConditionExpression:      aws.String("attribute_exists(#pk) AND " + condition),
		ExpressionAttributeNames: map[string]string{"#pk": partitionKey, "#aud": audiences, "#v": version},
		ExpressionAttributeValues: item{
			":a": text(string(a)), ":1": number(1), ":set": &types.AttributeValueMemberSS{Value: []string{string(a)}},
		},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

// cause tells which conditions a transaction over a connection's row and a member's row failed.
type cause struct {
	// unlisted: that of the connection's row, which is stored.
	unlisted bool
	stored   item
	// noMember: that of the member's row.
	noMember bool
}

// transact changes both rows, or none. unsure tells that it may have, whatever the error says.
func (m Memberships) transact(ctx context.Context, connection, member types.TransactWriteItem) (found cause, unsure bool, err error) {
	_, unsure, err = attempt(ctx, m.Table, m.Table.Client.TransactWriteItems, &sdk.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{connection, member}, ClientRequestToken: aws.String(rand.Text()),
	})
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || judge(err) != settled || len(cancelled.CancellationReasons) != 2 {
		return cause{}, unsure, err
	}
	failed := func(i int) bool { return code(cancelled.CancellationReasons[i]) == "ConditionalCheckFailed" }
	return cause{unlisted: failed(0), stored: cancelled.CancellationReasons[0].Item, noMember: failed(1)}, unsure, err
}
