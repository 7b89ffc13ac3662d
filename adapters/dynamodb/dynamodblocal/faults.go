package dynamodblocal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
)

// Fault is what happens to a request, of which n were made before. It returns nothing if nothing happens.
type Fault func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error)

// OnceFaults are the faults that go away when a request is repeated, by name.
var OnceFaults = map[string]Fault{
	"throttled":                 Refusal(http.StatusBadRequest, "ProvisionedThroughputExceededException"),
	"too many requests":         Refusal(http.StatusBadRequest, "ThrottlingException"),
	"collision":                 Collision,
	"internal error":            Refusal(http.StatusInternalServerError, "InternalServerError"),
	"unavailable":               Refusal(http.StatusServiceUnavailable, "ServiceUnavailable"),
	"applied, then an error":    Applied500,
	"applied, reply lost":       Lost,
	"applied, reply incomplete": Torn,
}

// Share is a fault, and the share of requests that it happens to, from 0 to 1.
type Share struct {
	Of    float64
	Fault Fault
}

// Sometimes lets at most one of several faults happen to a request, as chance decides. The same seed decides the
// same for the n-th request.
func Sometimes(seed uint64, shares ...Share) Fault {
	return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		drawn := rand.New(rand.NewPCG(seed, uint64(n))).Float64()
		for _, share := range shares {
			if drawn -= share.Of; drawn < 0 {
				return share.Fault(n, request, send)
			}
		}
		return nil, nil
	}
}

// Only lets a fault happen to one request.
func Only(k int, f Fault) Fault {
	return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if n != k {
			return nil, nil
		}
		return f(n, request, send)
	}
}

// answer is a response of DynamoDB's protocol.
func answer(request *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:    io.NopCloser(strings.NewReader(body)),
		Request: request, ContentLength: int64(len(body)),
	}
}

// Answer answers a request, without sending it.
func Answer(status int, body string) Fault {
	return func(_ int, request *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return answer(request, status, body), nil
	}
}

// Refusal answers a request with an error, without sending it.
func Refusal(status int, kind string) Fault {
	return Answer(status, fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"injected"}`, kind))
}

// Collision is what a request gets that meets another one's transaction.
func Collision(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if !strings.HasSuffix(request.Header.Get("X-Amz-Target"), "TransactWriteItems") {
		return Refusal(http.StatusBadRequest, "TransactionConflictException")(n, request, send)
	}
	return answer(request, http.StatusBadRequest, `{
		"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"injected",
		"CancellationReasons":[{"Code":"TransactionConflict","Message":"injected"},{"Code":"None"}]}`), nil
}

// Whole reads a response to its end, so that nothing that happens afterwards can disturb it.
func Whole(response *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

// Lost sends a request and loses the reply.
func Lost(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if _, err := Whole(send()); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

// Torn sends a request and loses the end of the reply.
func Torn(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	response, err := Whole(send())
	if err != nil {
		return nil, err
	}
	half := io.LimitReader(response.Body, response.ContentLength/2)
	response.Body = io.NopCloser(io.MultiReader(half, brokenReader{}))
	return response, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Applied500 sends a request and answers it with an internal error.
func Applied500(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if _, err := Whole(send()); err != nil {
		return nil, err
	}
	return Refusal(http.StatusInternalServerError, "InternalServerError")(n, request, send)
}

// Hung sends a request, whose reply never comes.
func Hung(_ int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if _, err := Whole(send()); err != nil {
		return nil, err
	}
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// Deaths are the ways for a process to die at one of its requests, by the call of kill, which ends its context.
var Deaths = []struct {
	Name string
	At   func(kill func()) Fault
}{
	{"after the request", func(kill func()) Fault {
		return func(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			response, err := Whole(send())
			kill()
			return response, err
		}
	}},
	{"before the reply", func(kill func()) Fault {
		return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			defer kill()
			return Lost(n, request, send)
		}
	}},
	{"before the request is sent", func(kill func()) Fault {
		return func(int, *http.Request, func() (*http.Response, error)) (*http.Response, error) {
			kill()
			return nil, context.Canceled
		}
	}},
}
