package dynamodb

import (
	"context"
	"maps"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Query asks for the rows of a partition whose sort keys lie from From to To, both included, in their order.
type Query struct {
	PK, From, To string
	// Filter leaves out rows after they were read and paid for. Attributes are what is returned of a row: placeholders
	// with commas between them. Either may be empty.
	Filter, Attributes string
	Values             Values
	// Eventual reads what is there eventually, at half the price.
	Eventual bool
	// Descending begins with the last row.
	Descending bool
	// Limit is how many rows are read at most, before the filter; 0: as many as a megabyte holds.
	Limit int
	// After is the row behind which to begin, the next of the page before; the zero Key is none.
	After Key
}

// Query reads a page of rows. next is its last one if there may be more behind it, even if the page is empty, and the
// zero Key if not.
func (t Table) Query(ctx context.Context, q Query) (rows []Row, next Key, err error) {
	in, err := q.encode(t.Name)
	if err != nil {
		return nil, Key{}, err
	}
	out, _, err := attempt(ctx, t, t.Client.Query, in)
	if err != nil {
		return nil, Key{}, err
	}
	return out.Items, Read[Key](ctx, t, out.LastEvaluatedKey), nil
}

func (q Query) encode(table string) (*sdk.QueryInput, error) {
	const condition = "#pk = :pk AND #sk BETWEEN :from AND :to"
	all := Values{":pk": q.PK, ":from": q.From, ":to": q.To}
	maps.Copy(all, q.Values)
	values, err := all.encode()
	in := &sdk.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(!q.Eventual), ScanIndexForward: aws.Bool(!q.Descending),
		KeyConditionExpression: aws.String(condition), FilterExpression: optional(q.Filter),
		ProjectionExpression:      optional(q.Attributes),
		ExpressionAttributeNames:  names(condition, q.Filter, q.Attributes),
		ExpressionAttributeValues: values,
	}
	if q.Limit > 0 {
		in.Limit = aws.Int32(int32(min(q.Limit, math.MaxInt32)))
	}
	if q.After != (Key{}) {
		in.ExclusiveStartKey = q.After.row()
	}
	return in, err
}
