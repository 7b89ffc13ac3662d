package dynamodb_test

import (
	"testing"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// store is both ports over one table.
type store struct {
	dynamodb.Registry
	dynamodb.Memberships
}

func newStore(table dynamodb.Table) store {
	return store{dynamodb.Registry{Table: table}, dynamodb.Memberships{Table: table}}
}

// wired opens a table over a wire that works.
func wired(t *testing.T) (store, *dynamodblocal.Wire) {
	t.Helper()
	table, w := dynamodblocal.NewWiredTable(t)
	return newStore(table), w
}

func (s store) closer() domain.Closer { return domain.Closer{Registry: s, Memberships: s} }

func TestStore(t *testing.T) {
	t.Parallel()
	domaintest.TestStore(t, func(t *testing.T) domaintest.Store { return newStore(dynamodblocal.NewTable(t)) })
}
