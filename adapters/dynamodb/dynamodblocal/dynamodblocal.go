// Package dynamodblocal runs Amazon's DynamoDB Local for tests: one server, in memory, for all tests of a binary, and
// a table of its own for each test.
//
// What it does not do as DynamoDB does: it never throttles, never reports that transactions collided, leaves no
// unprocessed items, and misreports the capacity that transactions consume. A Wire injects what it
// never does, and replies that are lost. It listens on all interfaces, and has no option to listen on one.
package dynamodblocal

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/internal/testserver"
)

// timeout is generous: several servers and race detectors may share the machine, and no test is about time-outs.
const timeout = time.Minute

var server = testserver.Java{
	Name: "DynamoDB Local", Target: "tools-dynamodb", Folder: "dynamodb-local",
	Arguments: func(port int) []string { return []string{"-inMemory", "-disableTelemetry", "-port", fmt.Sprint(port)} },
}

var tables atomic.Int64

// Start returns the base URL of the server; see testserver.Java for when it runs and when the test is skipped.
func Start(t testing.TB) (url string) {
	t.Helper()
	return server.Start(t)
}

// NewTable creates a table on the server of Start for one test. Options change its client, to observe or disturb
// what passes through it; they apply to the creation too.
func NewTable(t testing.TB, options ...func(*sdk.Options)) dynamodb.Table {
	t.Helper()
	client := dynamodb.NewClient(dynamodb.LocalConfig(Start(t)), options...)
	table := dynamodb.Table{
		Client: client, Name: fmt.Sprintf("test-%d", tables.Add(1)), Timeout: timeout,
	}
	if err := table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return table
}
