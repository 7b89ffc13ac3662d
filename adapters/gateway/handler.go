package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
)

// Handler is what a route invokes, as API Gateway invokes a Lambda function: AWS's JSON in both directions.
//
// An error is a function error: its text is the errorMessage, and API Gateway looks at it in one case only (an
// authorizer's "Unauthorized"). A panic is a function error too. Invoke is called concurrently, must not keep the event
// after it returned, and must not change what it returned. The context is cancelled only when a shutdown has timed out; it
// has no deadline, as an integration time-out doesn't stop a Lambda function.
type Handler interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(ctx context.Context, event []byte) ([]byte, error)

// Invoke calls f.
func (f HandlerFunc) Invoke(ctx context.Context, event []byte) ([]byte, error) { return f(ctx, event) }

// Typed makes a Handler of a function with types, which are decoded from and encoded to JSON as the Lambda runtime does
// it. An event that doesn't fit In is a function error.
func Typed[In, Out any](f func(context.Context, In) (Out, error)) Handler {
	return HandlerFunc(func(ctx context.Context, event []byte) ([]byte, error) {
		var in In
		if err := json.Unmarshal(event, &in); err != nil {
			return nil, fmt.Errorf("decode the event: %w", err)
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		answer, err := json.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("encode the answer: %w", err)
		}
		return answer, nil
	})
}

// panicError is the function error of a handler that panicked.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprint(e.value) }

// invoke calls a handler as Lambda would: nothing that happens inside reaches the caller but an answer or an error.
func (g *Gateway) invoke(h Handler, event []byte) (answer []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			answer, err = nil, &panicError{v, debug.Stack()}
		}
	}()
	if g.cfg.ReportLeaks {
		return g.invokeWatched(h, event)
	}
	return h.Invoke(g.ctx, event)
}

// stackOf returns the stack of a handler that panicked, or nothing.
func stackOf(err error) string {
	if p := (*panicError)(nil); errors.As(err, &p) {
		return string(p.stack)
	}
	return ""
}
