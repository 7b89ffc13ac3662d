package dynamodblocal

import (
	"context"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"wsecho/adapters/dynamodb"
)

// Meter counts what the requests of a table cost. It is safe for concurrent use.
type Meter struct {
	mu            sync.Mutex // Guards what follows.
	reads, writes float64
	requests      int
}

// NewMeteredTable creates a table for one test, as NewTable, whose cost is counted from then on.
func NewMeteredTable(t testing.TB) (dynamodb.Table, *Meter) {
	t.Helper()
	table, m := NewTable(t), new(Meter)
	table.Client = sdk.New(table.Client.Options(), m.option)
	return table, m
}

// option has a client ask for the capacity that its requests consume, and adds it up.
func (m *Meter) option(o *sdk.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meter", m.pass), middleware.Before)
	})
}

func (m *Meter) pass(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	switch in := in.Parameters.(type) {
	case *sdk.PutItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	case *sdk.DeleteItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	case *sdk.UpdateItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	case *sdk.GetItemInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	case *sdk.QueryInput:
		in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err == nil {
		m.count(in.Parameters, out.Result)
	}
	return out, metadata, err
}

// count adds what a request cost. DynamoDB Local misreports transactions: each of their items costs two units for
// every kilobyte, of which these tests write less than one.
func (m *Meter) count(in, out any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch out := out.(type) {
	case *sdk.PutItemOutput:
		m.writes += *out.ConsumedCapacity.CapacityUnits
	case *sdk.DeleteItemOutput:
		m.writes += *out.ConsumedCapacity.CapacityUnits
	case *sdk.UpdateItemOutput:
		m.writes += *out.ConsumedCapacity.CapacityUnits
	case *sdk.GetItemOutput:
		m.reads += *out.ConsumedCapacity.CapacityUnits
	case *sdk.QueryOutput:
		m.reads += *out.ConsumedCapacity.CapacityUnits
	case *sdk.TransactWriteItemsOutput:
		m.writes += 2 * float64(len(in.(*sdk.TransactWriteItemsInput).TransactItems))
	default:
		return // What only tests ask for.
	}
	m.requests++
}

// Cost is a reading of a Meter: read and write units, and the number of requests.
type Cost struct {
	Reads, Writes float64
	Requests      int
}

// Take returns what was counted since the last time.
func (m *Meter) Take() Cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := Cost{m.reads, m.writes, m.requests}
	m.reads, m.writes, m.requests = 0, 0, 0
	return taken
}
