package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"wsecho/adapters/dynamodb"
	"wsecho/domain/chat"
)

var (
	_ chat.Log             = Store{}
	_ chat.IdempotencyKeys = Store{}
)

// Store keeps the logs of rooms and the keys of senders. It is safe for concurrent use; its Table is required.
//
// Those who speak in a room at the same time meet in one place, the row of its head, and there with a plain update,
// which DynamoDB lines up instead of refusing. A transaction over head and message would have all but one of them
// start again; see BenchmarkRoom.
type Store struct{ Table dynamodb.Table }

// Advance implements chat.Log with one write unit. Repeated after a lost reply it takes another number; the first
// one stays a hole.
func (s Store) Advance(ctx context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	row, _, err := s.Table.Update(ctx, dynamodb.Update{
		Key: headKey(room),
		// What was said before rooms had relays was pushed by whoever said it.
		Do: "SET #epoch = if_not_exists(#epoch, :epoch), #at = :at, " +
			"#relayed = if_not_exists(#relayed, if_not_exists(#seq, :0)) ADD #seq :1",
		Values: dynamodb.Values{":epoch": epoch, ":at": at.UnixMilli(), ":0": 0, ":1": 1},
	})
	if err != nil {
		return chat.Head{}, fmt.Errorf("taking a number: %w", err)
	}
	return dynamodb.Read[headRow](ctx, s.Table, row).head(), nil
}

// Head implements chat.Log with a consistent read.
func (s Store) Head(ctx context.Context, room string) (chat.Head, error) {
	row, err := s.Table.Get(ctx, headKey(room))
	if err != nil {
		return chat.Head{}, fmt.Errorf("reading the head of a room: %w", err)
	}
	return dynamodb.Read[headRow](ctx, s.Table, row).head(), nil
}

// Write implements chat.Log. Without an idempotency key it takes one write unit a kilobyte. With one it is a transaction over
// two rows, at twice the price for each of them.
func (s Store) Write(ctx context.Context, room string, e chat.Entry, key *chat.IdempotencyKey) (chat.Entry, error) {
	// A row that is there is returned, so that a writer recognises its own from an attempt of unknown outcome.
	put := dynamodb.Put{Row: newEntryRow(room, e), If: "attribute_not_exists(#pk)"}
	var there dynamodb.Row
	var err error
	if key == nil {
		there, _, err = s.Table.Put(ctx, put)
	} else {
		there, err = s.writeBoth(ctx, put, putIdempotencyKey(*key))
	}
	switch {
	case errors.Is(err, dynamodb.ErrCondition):
		return dynamodb.Read[entryRow](ctx, s.Table, there).entry(e.Epoch), nil
	case err != nil:
		return chat.Entry{}, fmt.Errorf("writing an entry: %w", err)
	}
	return e, nil
}

// writeBoth writes an entry and its idempotency key, or neither. With ErrCondition, there is the entry that is there instead; if
// only the key was used before, the error is AlreadySent.
func (s Store) writeBoth(ctx context.Context, entry, key dynamodb.Put) (there dynamodb.Row, err error) {
	failures, _, err := s.Table.Transact(ctx, entry, key)
	switch {
	case !errors.Is(err, dynamodb.ErrCondition):
		return nil, err
	case !failures[0].Condition:
		return nil, &chat.AlreadySent{Sent: dynamodb.Read[idempotencyRow](ctx, s.Table, failures[1].Old).sent()}
	}
	return failures[0].Old, err
}

// Read implements chat.Log with consistent queries: one, unless all that it read has expired and was not collected
// yet. An answer of DynamoDB holds up to a megabyte.
func (s Store) Read(ctx context.Context, room, epoch string, r chat.Range) (entries []chat.Entry, cut bool, err error) {
	query := queryEntries(room, epoch, r)
	for {
		rows, next, err := s.Table.Query(ctx, query)
		if err != nil {
			return nil, false, fmt.Errorf("reading entries: %w", err)
		}
		for _, row := range dynamodb.ReadAll[entryRow](ctx, s.Table, rows) {
			entries = append(entries, row.entry(epoch))
		}
		cut = next != dynamodb.Key{}
		if !cut || len(entries) > 0 {
			break
		}
		query.After, query.Limit = next, 0
	}
	if r.Limit > 0 && len(entries) > r.Limit {
		entries, cut = entries[:r.Limit], true
	}
	if r.Newest {
		slices.Reverse(entries)
	}
	return entries, cut, nil
}

func queryEntries(room, epoch string, r chat.Range) dynamodb.Query {
	return dynamodb.Query{
		PK: logKey(room, epoch), From: seqKey(r.From), To: seqKey(r.To),
		Filter: "#exp > :now", Values: dynamodb.Values{":now": time.Now().Unix()},
		Descending: r.Newest, Limit: r.Limit,
	}
}
