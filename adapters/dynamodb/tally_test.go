package dynamodb_test

import (
	"testing"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

func TestTally(t *testing.T) {
	domaintest.TestTally(t, func(t *testing.T) domain.Tally {
		return dynamodb.Tally{Table: dynamodblocal.NewTable(t)}
	})
}
