package dynamodb_test

import (
	"testing"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain/chat/chattest"
)

func TestChatLog(t *testing.T) {
	t.Parallel()
	chattest.TestStore(t, func(t *testing.T) chattest.Store {
		return dynamodb.ChatLog{Table: dynamodblocal.NewTable(t)}
	})
}
