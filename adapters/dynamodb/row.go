package dynamodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/domain"
)

// Row is a row as DynamoDB has it, or a part of one: see Read.
type Row = map[string]types.AttributeValue

// Read makes a struct with dynamodbav tags of a row. An attribute that cannot be read, such as a number with a fraction
// for an integer, stays zero and is logged.
func Read[T any](ctx context.Context, t Table, row Row) T {
	out, err := decode[T](row)
	if err != nil {
		t.logUnreadable(ctx, row, err)
	}
	return out
}

// ReadAll makes structs of rows. A row with an attribute that cannot be read is left out and logged.
func ReadAll[T any](ctx context.Context, t Table, rows []Row) []T {
	var all []T
	for _, row := range rows {
		if out, err := decode[T](row); err != nil {
			t.logUnreadable(ctx, row, err)
		} else {
			all = append(all, out)
		}
	}
	return all
}

// decode reads what can be read of a row; the error names the rest.
func decode[T any](row Row) (T, error) {
	var whole, partial T
	if attributevalue.UnmarshalMap(row, &whole) == nil {
		return whole, nil
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if err := attributevalue.UnmarshalMap(Row{name: row[name]}, &partial); err != nil {
			errs = append(errs, fmt.Errorf("attribute %s: %w", name, err))
		}
	}
	return partial, errors.Join(errs...)
}

func (t Table) logUnreadable(ctx context.Context, row Row, err error) {
	var key Key
	_ = attributevalue.UnmarshalMap(Row{partitionKey: row[partitionKey], sortKey: row[sortKey]}, &key)
	cmp.Or(t.Logger, slog.Default()).ErrorContext(ctx, "a row cannot be read", "pk", key.PK, "sk", key.SK, "cause", err)
}

// connectionRow is any row of a connection: its own, or that of a member. Names are short because they are paid for in
// every row: a connection without a user takes 61 bytes, of which 16 rows fit a kilobyte.
type connectionRow struct {
	Key
	// Connected is when the connection began, in milliseconds since 1970.
	Connected int64 `dynamodbav:"at"`
	// Expires is when the row ends, in seconds since 1970; DynamoDB deletes it some time afterwards.
	Expires int64  `dynamodbav:"exp"`
	User    string `dynamodbav:"user,omitempty"`
	// Audiences are those entered, in the connection's own row only. Only Enter and Leave write them, as a set, which is
	// absent if empty: one that was written empty would be a NULL, to which nothing can be added.
	Audiences []domain.Audience `dynamodbav:"aud,stringset,omitempty"`
	// Version counts the changes of audiences, in the connection's own row only.
	Version int64 `dynamodbav:"v,omitempty"`
}

// expires is the attribute by which DynamoDB deletes rows.
const expires = "exp"

// newRow is what the rows of a connection have in common, under the key of one of them.
func newRow(key Key, c domain.Connection) connectionRow {
	return connectionRow{Key: key, Connected: c.ConnectedAt.UnixMilli(), Expires: c.ExpiresAt.Unix(), User: c.User}
}

func (r connectionRow) connection() domain.Connection {
	_, id := r.member()
	return domain.Connection{
		ID:          id,
		ConnectedAt: time.UnixMilli(r.Connected),
		ExpiresAt:   time.Unix(r.Expires, 0),
		User:        r.User,
		Audiences:   r.Audiences,
		Version:     r.Version,
	}
}

func (r connectionRow) asMember() domain.Member {
	c := r.connection()
	return domain.Member{ID: c.ID, ConnectedAt: c.ConnectedAt, User: c.User, ExpiresAt: c.ExpiresAt}
}
