package dynamodb_test

import (
	"testing"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

func TestQuotas(t *testing.T) {
	domaintest.TestQuotas(t, func(t *testing.T) domain.Quotas {
		return dynamodb.Quotas{Table: dynamodblocal.NewTable(t)}
	})
}
