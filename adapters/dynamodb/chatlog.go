package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain/chat"
)

var (
	_ chat.Log  = ChatLog{}
	_ chat.Keys = ChatLog{}
)

// ChatLog keeps the logs of rooms and the keys of senders. It is safe for concurrent use; its Table is required.
//
// Those who speak in a room at the same time meet in one place, the row of its head, and there with a plain update,
// which DynamoDB lines up instead of refusing. A transaction over head and message would have all but one of them
// start again; see BenchmarkRoom.
type ChatLog struct{ Table Table }

// Advance implements chat.Log with one write unit. Repeated after a lost reply it takes another number; the first
// one stays a hole.
func (l ChatLog) Advance(ctx context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	out, _, err := attempt(ctx, l.Table, l.Table.Client.UpdateItem, &sdk.UpdateItemInput{
		TableName:                 &l.Table.Name,
		Key:                       headKey(room),
		UpdateExpression:          aws.String("SET #epoch = if_not_exists(#epoch, :epoch), #at = :at ADD #seq :1"),
		ExpressionAttributeNames:  map[string]string{"#epoch": epochName, "#at": taken, "#seq": seqName},
		ExpressionAttributeValues: item{":epoch": text(epoch), ":at": number(at.UnixMilli()), ":1": number(1)},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		return chat.Head{}, fmt.Errorf("taking a number: %w", err)
	}
	return headOf(out.Attributes), nil
}

// Head implements chat.Log with a consistent read.
func (l ChatLog) Head(ctx context.Context, room string) (chat.Head, error) {
	out, _, err := attempt(ctx, l.Table, l.Table.Client.GetItem, &sdk.GetItemInput{
		TableName: &l.Table.Name, Key: headKey(room), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return chat.Head{}, fmt.Errorf("reading the head of a room: %w", err)
	}
	return headOf(out.Item), nil
}

// Write implements chat.Log. Without a claim it takes one write unit a kilobyte. With one it is a transaction over
// two rows, at twice the price for each of them.
func (l ChatLog) Write(ctx context.Context, room string, e chat.Entry, claim *chat.Claim) (chat.Entry, error) {
	put := l.putEntry(room, e)
	var there item
	var err error
	if claim == nil {
		there, err = l.put(ctx, put)
	} else {
		there, err = l.putBoth(ctx, put, l.putClaim(*claim))
	}
	switch {
	case err != nil:
		return chat.Entry{}, fmt.Errorf("writing an entry: %w", err)
	case there != nil:
		return entryOf(there, e.Epoch), nil
	}
	return e, nil
}

// putEntry writes an entry where there is none. If there is one, it is returned, so that a writer recognises its own
// from an attempt of unknown outcome.
func (l ChatLog) putEntry(room string, e chat.Entry) *types.Put {
	return &types.Put{
		TableName:                           &l.Table.Name,
		Item:                                newEntryRow(room, e),
		ConditionExpression:                 aws.String("attribute_not_exists(#pk)"),
		ExpressionAttributeNames:            map[string]string{"#pk": partitionKey},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

// put writes a row by itself. It returns the row that is there instead, if the condition failed.
func (l ChatLog) put(ctx context.Context, p *types.Put) (there item, err error) {
	_, _, err = attempt(ctx, l.Table, l.Table.Client.PutItem, &sdk.PutItemInput{
		TableName:                           p.TableName,
		Item:                                p.Item,
		ConditionExpression:                 p.ConditionExpression,
		ExpressionAttributeNames:            p.ExpressionAttributeNames,
		ExpressionAttributeValues:           p.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: p.ReturnValuesOnConditionCheckFailure,
	})
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok && len(failed.Item) > 0 {
		return failed.Item, nil
	}
	return nil, err
}

// putBoth writes an entry and its claim, or neither. It returns the entry that is there instead, if there is one; if
// only the key was used before, the error is AlreadySent.
//
// All attempts have the same token, by which DynamoDB recognises a repetition after a lost reply and answers as it did
// the first time, for ten minutes.
// Source: AWS, "Amazon DynamoDB transactions: how it works", idempotency.
func (l ChatLog) putBoth(ctx context.Context, entry, claim *types.Put) (there item, err error) {
	_, _, err = attempt(ctx, l.Table, l.Table.Client.TransactWriteItems, &sdk.TransactWriteItemsInput{
		TransactItems:      []types.TransactWriteItem{{Put: entry}, {Put: claim}},
		ClientRequestToken: aws.String(rand.Text()),
	})
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || judge(err) != settled || len(cancelled.CancellationReasons) != 2 {
		return nil, err
	}
	entryThere, claimThere := cancelled.CancellationReasons[0].Item, cancelled.CancellationReasons[1].Item
	switch {
	case len(entryThere) > 0:
		return entryThere, nil
	case len(claimThere) > 0:
		return nil, &chat.AlreadySent{Sent: sentOf(claimThere)}
	}
	return nil, err
}

// Read implements chat.Log with consistent queries: one, unless all that it read has expired and was not collected
// yet. An answer of DynamoDB holds up to a megabyte.
func (l ChatLog) Read(ctx context.Context, room, epoch string, r chat.Range) (entries []chat.Entry, cut bool, err error) {
	query := l.query(room, epoch, r)
	for {
		out, _, err := attempt(ctx, l.Table, l.Table.Client.Query, query)
		if err != nil {
			return nil, false, fmt.Errorf("reading entries: %w", err)
		}
		for _, row := range out.Items {
			entries = append(entries, entryOf(row, epoch))
		}
		cut = len(out.LastEvaluatedKey) > 0
		if !cut || len(entries) > 0 {
			break
		}
		query.ExclusiveStartKey, query.Limit = out.LastEvaluatedKey, nil
	}
	if r.Limit > 0 && len(entries) > r.Limit {
		entries, cut = entries[:r.Limit], true
	}
	if r.Newest {
		slices.Reverse(entries)
	}
	return entries, cut, nil
}

func (l ChatLog) query(room, epoch string, r chat.Range) *sdk.QueryInput {
	query := &sdk.QueryInput{
		TableName:                &l.Table.Name,
		ConsistentRead:           aws.Bool(true),
		KeyConditionExpression:   aws.String("#pk = :pk AND #sk BETWEEN :from AND :to"),
		FilterExpression:         aws.String("#exp > :now"),
		ExpressionAttributeNames: map[string]string{"#pk": partitionKey, "#sk": sortKey, "#exp": expires},
		ExpressionAttributeValues: item{
			":pk": text(logKey(room, epoch)), ":from": text(seqKey(r.From)), ":to": text(seqKey(r.To)),
			":now": number(time.Now().Unix()),
		},
		ScanIndexForward: aws.Bool(!r.Newest),
	}
	if r.Limit > 0 {
		query.Limit = aws.Int32(int32(r.Limit))
	}
	return query
}
