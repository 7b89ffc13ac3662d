package dynamodb_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/adapters/dynamodb/dynamodblocal"
)

// wire is the way to DynamoDB, with what happens on it: what DynamoDB Local itself never does.
type wire struct {
	next aws.HTTPClient

	mu       sync.Mutex // Guards what follows.
	requests int
	fault    fault
}

// fault is what happens to a request, of which n were made before. It returns nothing if nothing happens.
type fault func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error)

// wired opens a table over a wire that works.
func wired(t *testing.T) (store, *wire) {
	t.Helper()
	w := new(wire)
	return newStore(dynamodblocal.NewTable(t, func(o *sdk.Options) { w.next, o.HTTPClient = o.HTTPClient, w })), w
}

// inject lets a fault happen from now on, nil for none, and counts requests anew.
func (w *wire) inject(f fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.requests = f, 0
}

// count is how many requests there were since inject.
func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// Do implements aws.HTTPClient.
func (w *wire) Do(request *http.Request) (*http.Response, error) {
	w.mu.Lock()
	n, f := w.requests, w.fault
	w.requests++
	w.mu.Unlock()
	send := func() (*http.Response, error) { return w.next.Do(request) }
	if f != nil {
		if response, err := f(n, request, send); response != nil || err != nil {
			return response, err
		}
	}
	return send()
}

// only lets a fault happen to one request.
func only(k int, f fault) fault {
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

// refusal answers a request with an error, without sending it.
func refusal(status int, kind string) fault {
	return func(_ int, request *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		body := fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"injected"}`, kind)
		return answer(request, status, body), nil
	}
}

// collision is what a request gets that meets another one's transaction.
func collision(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if !strings.HasSuffix(request.Header.Get("X-Amz-Target"), "TransactWriteItems") {
		return refusal(http.StatusBadRequest, "TransactionConflictException")(n, request, send)
	}
	return answer(request, http.StatusBadRequest, `{
		"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"injected",
		"CancellationReasons":[{"Code":"TransactionConflict","Message":"injected"},{"Code":"None"}]}`), nil
}

// whole reads a response to its end, so that nothing that happens afterwards can disturb it.
func whole(response *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

// lost sends a request and loses the reply.
func lost(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if _, err := whole(send()); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

// torn sends a request and loses the end of the reply.
func torn(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	response, err := whole(send())
	if err != nil {
		return nil, err
	}
	half := io.LimitReader(response.Body, response.ContentLength/2)
	response.Body = io.NopCloser(io.MultiReader(half, brokenReader{}))
	return response, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// applied500 sends a request and answers it with an internal error.
func applied500(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if _, err := whole(send()); err != nil {
		return nil, err
	}
	return refusal(http.StatusInternalServerError, "InternalServerError")(n, request, send)
}

// hung sends a request, whose reply never comes.
func hung(_ int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	if _, err := whole(send()); err != nil {
		return nil, err
	}
	<-request.Context().Done()
	return nil, request.Context().Err()
}
