// Package dynamodblocal runs Amazon's DynamoDB Local for tests: one server, in memory, for all tests of a binary, and
// a table of its own for each test.
//
// What it does not do as DynamoDB does: it never throttles, never reports that transactions collided, leaves no
// unprocessed items, and misreports the capacity that transactions consume. A Wire injects what it
// never does, and replies that are lost. It listens on all interfaces, and has no option to listen on one.
package dynamodblocal

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/internal/testserver"
)

// patience is generous: several servers and race detectors may share the machine, and no test is about time-outs.
const patience = time.Minute

var (
	mu      sync.Mutex // Guards baseURL, which is empty until the server of this test binary runs.
	baseURL string
	tables  atomic.Int64
)

// Start returns the base URL of the server, which it starts if no test of this binary did before. The test is skipped
// if DynamoDB Local or Java is not installed, or fails where the environment has CI=true. The server ends with the
// test binary.
func Start(t testing.TB) (url string) {
	t.Helper()
	arguments := testserver.Need(t, "java", "tools-dynamodb", "dynamodb-local", "java.args")
	mu.Lock()
	defer mu.Unlock()
	if baseURL == "" {
		url, err := server(filepath.Dir(arguments)).Start()
		if err != nil {
			t.Fatal(err)
		}
		baseURL = url
	}
	return baseURL
}

// server is DynamoDB Local, installed in a folder with its Java arguments in a file. The compiler's first tier alone
// makes it start in half the time.
func server(dir string) testserver.Server {
	return testserver.Server{Name: "DynamoDB Local", Dir: dir, Command: func(port int) []string {
		return []string{
			"java", "-XX:TieredStopAtLevel=1", "@java.args", "-inMemory", "-disableTelemetry", "-port", fmt.Sprint(port),
		}
	}}
}

// NewTable creates a table on the server of Start for one test. Options change its client, to observe or disturb
// what passes through it; they apply to the creation too.
func NewTable(t testing.TB, options ...func(*sdk.Options)) dynamodb.Table {
	t.Helper()
	client := dynamodb.NewClient(dynamodb.LocalConfig(Start(t)), options...)
	table := dynamodb.Table{
		Client: client, Name: fmt.Sprintf("test-%d", tables.Add(1)), Patience: patience,
	}
	if err := table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return table
}
