package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Values are what the placeholders of expressions stand for that begin with a colon; each has to be used. A placeholder
// that begins with # stands for the attribute of that name, #exp for exp, so that names may be DynamoDB's reserved words.
type Values map[string]any

// Write is a write of one row: a Put, an Update or a Delete, each with a condition in If or, if that is empty, without.
type Write interface {
	encode(table string) (types.TransactWriteItem, error)
}

// Put writes Row, a struct with dynamodbav tags and an embedded Key, in place of the row that has its key.
type Put struct {
	Row    any
	If     string
	Values Values
}

// Update does what an update expression says. Without a condition it creates a row that is not there.
type Update struct {
	Key    Key
	Do, If string
	Values Values
}

// Delete deletes a row. Without a condition it is no error that there is none.
type Delete struct {
	Key    Key
	If     string
	Values Values
}

// ErrCondition is wrapped by the error of a write or a transaction whose condition does not hold. Nothing is written
// then, unless by an earlier attempt of the same call.
var ErrCondition = errors.New("the condition does not hold")

// Failure tells of one write of a transaction whether its condition failed, and which row was there then, if any.
type Failure struct {
	Condition bool
	Old       Row
}

// Get reads a row consistently, at one read unit for four kilobytes. It is empty if there is none.
func (t Table) Get(ctx context.Context, key Key) (Row, error) {
	in := &sdk.GetItemInput{TableName: &t.Name, Key: key.row(), ConsistentRead: aws.Bool(true)}
	out, _, err := attempt(ctx, t, t.Client.GetItem, in)
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// Put writes a row, at one write unit a kilobyte. unsure tells that an attempt may have written it, whatever the error
// says; old is the row that is there instead if that is ErrCondition, perhaps the one of such an attempt.
func (t Table) Put(ctx context.Context, p Put) (old Row, unsure bool, err error) {
	w, err := p.encode(t.Name)
	if err != nil {
		return nil, false, err
	}
	_, unsure, err = attempt(ctx, t, t.Client.PutItem, &sdk.PutItemInput{
		TableName: &t.Name, Item: w.Put.Item, ConditionExpression: w.Put.ConditionExpression,
		ExpressionAttributeNames:            w.Put.ExpressionAttributeNames,
		ExpressionAttributeValues:           w.Put.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	old, err = conditionFailed(err)
	return old, unsure, err
}

// Update changes a row, as Put writes one, and returns what it is afterwards.
func (t Table) Update(ctx context.Context, u Update) (row Row, unsure bool, err error) {
	w, err := u.encode(t.Name)
	if err != nil {
		return nil, false, err
	}
	out, unsure, err := attempt(ctx, t, t.Client.UpdateItem, &sdk.UpdateItemInput{
		TableName: &t.Name, Key: w.Update.Key, UpdateExpression: &u.Do, ConditionExpression: w.Update.ConditionExpression,
		ExpressionAttributeNames:            w.Update.ExpressionAttributeNames,
		ExpressionAttributeValues:           w.Update.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		ReturnValues:                        types.ReturnValueAllNew,
	})
	if err == nil {
		return out.Attributes, unsure, nil
	}
	row, err = conditionFailed(err)
	return row, unsure, err
}

// Delete deletes a row, as Put writes one.
func (t Table) Delete(ctx context.Context, d Delete) (old Row, unsure bool, err error) {
	w, err := d.encode(t.Name)
	if err != nil {
		return nil, false, err
	}
	_, unsure, err = attempt(ctx, t, t.Client.DeleteItem, &sdk.DeleteItemInput{
		TableName: &t.Name, Key: w.Delete.Key, ConditionExpression: w.Delete.ConditionExpression,
		ExpressionAttributeNames:            w.Delete.ExpressionAttributeNames,
		ExpressionAttributeValues:           w.Delete.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	old, err = conditionFailed(err)
	return old, unsure, err
}

// conditionFailed marks the error of a write whose condition does not hold, and returns the row that is there.
func conditionFailed(err error) (old Row, _ error) {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return failed.Item, fmt.Errorf("%w: %w", ErrCondition, err)
	}
	return nil, err
}

// Transact makes all writes, each to another row, or none, at two write units a kilobyte. unsure tells that it may have,
// whatever the error says; if that is ErrCondition, there is a failure for each write.
//
// Its attempts have one token, by which DynamoDB recognises a repetition after a lost reply and answers as it did the
// first time, for ten minutes.
// Source: AWS, "Amazon DynamoDB transactions: how it works", idempotency.
func (t Table) Transact(ctx context.Context, writes ...Write) (failures []Failure, unsure bool, err error) {
	in := &sdk.TransactWriteItemsInput{ClientRequestToken: aws.String(rand.Text())}
	for _, w := range writes {
		item, err := w.encode(t.Name)
		if err != nil {
			return nil, false, err
		}
		in.TransactItems = append(in.TransactItems, item)
	}
	_, unsure, err = attempt(ctx, t, t.Client.TransactWriteItems, in)
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || judge(err) != settled || len(cancelled.CancellationReasons) != len(writes) {
		return nil, unsure, err
	}
	for _, reason := range cancelled.CancellationReasons {
		failed := aws.ToString(reason.Code) == "ConditionalCheckFailed"
		failures = append(failures, Failure{failed, reason.Item})
		if failed && !errors.Is(err, ErrCondition) {
			err = fmt.Errorf("%w: %w", ErrCondition, err)
		}
	}
	return failures, unsure, err
}

func (p Put) encode(table string) (types.TransactWriteItem, error) {
	row, err := attributevalue.MarshalMap(p.Row)
	values, encoding := p.Values.encode()
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &table, Item: row, ConditionExpression: optional(p.If),
		ExpressionAttributeNames: names(p.If), ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, errors.Join(err, encoding)
}

func (u Update) encode(table string) (types.TransactWriteItem, error) {
	values, err := u.Values.encode()
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: u.Key.row(), UpdateExpression: &u.Do, ConditionExpression: optional(u.If),
		ExpressionAttributeNames: names(u.Do, u.If), ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, err
}

func (d Delete) encode(table string) (types.TransactWriteItem, error) {
	values, err := d.Values.encode()
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName: &table, Key: d.Key.row(), ConditionExpression: optional(d.If),
		ExpressionAttributeNames: names(d.If), ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, err
}

// encode makes nil of none: DynamoDB refuses a request with an empty map.
func (v Values) encode() (Row, error) {
	if len(v) == 0 {
		return nil, nil
	}
	return attributevalue.MarshalMap(v)
}

var placeholder = regexp.MustCompile(`#\w+`)

// names are the attributes that expressions name, by placeholder; nil for none.
func names(expressions ...string) (all map[string]string) {
	for _, found := range placeholder.FindAllString(strings.Join(expressions, " "), -1) {
		if all == nil {
			all = map[string]string{}
		}
		all[found] = found[1:]
	}
	return all
}

func optional(expression string) *string {
	if expression == "" {
		return nil
	}
	return &expression
}
