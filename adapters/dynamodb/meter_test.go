package dynamodb_test

import (
	"context"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
)

// meter counts what the requests of a client cost.
type meter struct {
	mu            sync.Mutex // Guards what follows.
	reads, writes float64
	requests      int
}

// option has a client ask for the capacity that its requests consume, and adds it up.
func (m *meter) option(o *sdk.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("meter", m.pass), middleware.Before)
	})
}

func (m *meter) pass(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
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
func (m *meter) count(in, out any) {
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

// cost is a reading of the meter.
type cost struct {
	reads, writes float64
	requests      int
}

// take returns what was counted since the last time.
func (m *meter) take() cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := cost{m.reads, m.writes, m.requests}
	m.reads, m.writes, m.requests = 0, 0, 0
	return taken
}
