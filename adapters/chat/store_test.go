package chat_test

import (
	"errors"
	"testing"
	"time"

	adapter "wsecho/adapters/chat"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/domain/chat/chattest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	chattest.TestStore(t, func(t *testing.T) chattest.Store {
		return adapter.Store{Table: dynamodblocal.NewTable(t)}
	})
}

func TestRelays(t *testing.T) {
	t.Parallel()
	chattest.TestRelays(t, func(t *testing.T) chattest.RelayStore {
		return adapter.Store{Table: dynamodblocal.NewTable(t)}
	})
}

// TestRoomFromBeforeRelays: its old lines are nobody's to relay, its next one is.
func TestRoomFromBeforeRelays(t *testing.T) {
	t.Parallel()
	s := adapter.Store{Table: dynamodblocal.NewTable(t)}
	_, _, err := s.Table.Update(t.Context(), dynamodb.Update{
		Key: dynamodb.Key{PK: "head#r", SK: "head"}, Do: "SET #epoch = :e, #at = :at, #seq = :seq",
		Values: dynamodb.Values{":e": "e", ":at": 1, ":seq": 7},
	})
	wantNil(t, err)
	if head, err := s.Acquire(t.Context(), "r", "o", 7, time.Now(), time.Now()); !errors.Is(err, chat.ErrLease) || head.Seq != 7 {
		t.Errorf("Acquire = %+v, %v", head, err)
	}
	if head, err := s.Advance(t.Context(), "r", "f", time.Now()); err != nil || head.Relayed != 7 || head.Seq != 8 {
		t.Errorf("Advance = %+v, %v", head, err)
	}
	if head, err := s.Acquire(t.Context(), "r", "o", 8, time.Now(), time.Now()); err != nil || head.Owner != "o" {
		t.Errorf("Acquire = %+v, %v", head, err)
	}
}

// store is what chat works on, over one table.
type store struct {
	dynamodb.Registry
	dynamodb.Memberships
	log adapter.Store
}

func newStore(table dynamodb.Table) store {
	return store{dynamodb.Registry{Table: table}, dynamodb.Memberships{Table: table}, adapter.Store{Table: table}}
}

// wired opens a table over a wire that works.
func wired(t *testing.T) (store, *dynamodblocal.Wire) {
	t.Helper()
	table, w := dynamodblocal.NewWiredTable(t)
	return newStore(table), w
}

func (s store) closer() domain.Closer { return domain.Closer{Registry: s, Memberships: s} }

func wantNil(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}
