package chat_test

import (
	"testing"

	adapter "wsecho/adapters/chat"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat/chattest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	chattest.TestStore(t, func(t *testing.T) chattest.Store {
		return adapter.Store{Table: dynamodblocal.NewTable(t)}
	})
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
