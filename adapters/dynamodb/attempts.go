package dynamodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"wsecho/domain"
)

const (
	// maxAttempts bounds how often a request is made. It is generous because several of a connection's requests
	// may collide, and colliding is over in milliseconds.
	maxAttempts = 8
)

// backoff is how long is waited between attempts.
var backoff = domain.Backoff{First: 25 * time.Millisecond, Max: 500 * time.Millisecond}

// verdict is what an attempt's error says of the request.
type verdict int

const (
	// settled: asking again changes nothing. That includes success.
	settled verdict = iota
	// refused: it was not applied, and may be when asked again.
	refused
	// unknown: it may have been applied.
	unknown
)

// call is a method of the client.
type call[In, Out any] func(context.Context, *In, ...func(*sdk.Options)) (*Out, error)

// attempt makes a request until its outcome is settled, Table.Timeout is over, or ctx ends; in the latter two
// cases the error wraps domain.ErrUnavailable and the last cause. unsure tells that some attempt's outcome is unknown
// whatever the last one said.
func attempt[In, Out any](ctx context.Context, t Table, request call[In, Out], in *In) (out *Out, unsure bool, err error) {
	timeout := cmp.Or(t.Timeout, defaultTimeout)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return nil, false, fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
	}
	var answered error // The last answer, which says more than that there was no time for another.
	for try := 1; ; try++ {
		out, err = once(ctx, timeout/3, request, in)
		found := judge(err)
		if found == settled {
			return out, unsure, err
		}
		if _, ok := errors.AsType[smithy.APIError](err); ok {
			answered = err
		} else if answered != nil {
			err = fmt.Errorf("%w; before: %w", err, answered)
		}
		unsure = unsure || found == unknown
		if try == maxAttempts || backoff.Wait(ctx, try) != nil {
			return nil, unsure, fmt.Errorf("%w: %w", domain.ErrUnavailable, err)
		}
	}
}

func once[In, Out any](ctx context.Context, timeout time.Duration, request call[In, Out], in *In) (*Out, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return request(ctx, in)
}

// judge tells what an error says of the attempt.
// Source: AWS, "Error handling with DynamoDB", and the reasons of TransactionCanceledException in its API reference.
func judge(err error) verdict {
	if err == nil {
		return settled
	}
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return judgeCancelled(cancelled.CancellationReasons)
	}
	// The SDK has a response for requests that got none, too; its status is 0.
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	answered := ok && response.HTTPStatusCode() != 0
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return judgeAnswer(answer.ErrorCode(), answered && response.HTTPStatusCode() >= http.StatusInternalServerError)
	}
	if answered { // By something that could not be read to its end.
		return unknown
	}
	return judgeTransport(err)
}

func judgeAnswer(code string, internal bool) verdict {
	switch code {
	case "TransactionConflictException", "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling",
		"RequestLimitExceeded", "LimitExceededException":
		return refused
	case "TransactionInProgressException":
		return unknown
	}
	if internal {
		return unknown
	}
	return settled
}

func judgeCancelled(reasons []types.CancellationReason) verdict {
	for _, reason := range reasons {
		switch aws.ToString(reason.Code) {
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			return refused
		}
	}
	return settled
}

// judgeTransport judges errors without a response.
func judgeTransport(err error) verdict {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return refused
	}
	_, sending := errors.AsType[*smithyhttp.RequestSendError](err)
	if sending || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return unknown
	}
	return settled
}
