package dynamodblocal

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"wsecho/adapters/dynamodb"
)

// Wire is the way to DynamoDB Local, with what happens on it: what DynamoDB Local itself never does. It is safe for
// concurrent use.
type Wire struct {
	next aws.HTTPClient

	mu       sync.Mutex // Guards what follows.
	requests int
	fault    Fault
}

// NewWiredTable creates a table for one test, as NewTable, over a wire that works until a fault is injected.
func NewWiredTable(t testing.TB) (dynamodb.Table, *Wire) {
	t.Helper()
	w := new(Wire)
	return NewTable(t, func(o *sdk.Options) { w.next, o.HTTPClient = o.HTTPClient, w }), w
}

// Proxy returns the base URL of the server of Start at the far end of a wire, for a program that makes its own client.
// It ends with the test. A request that a fault leaves without a response ends with its connection.
func Proxy(t testing.TB) (base string, w *Wire) {
	t.Helper()
	target, err := url.Parse(Start(t))
	if err != nil {
		t.Fatal(err)
	}
	server, w := ProxyTo(target)
	t.Cleanup(server.Close)
	return server.URL, w
}

// ProxyTo is Proxy to a server that the caller started. The caller closes what it returns.
func ProxyTo(target *url.URL) (*httptest.Server, *Wire) {
	w := &Wire{next: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	return httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.RequestURI = "" // A client takes no request that has one.
		},
		Transport: roundTripper{w},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler)
		},
		ErrorLog: log.New(io.Discard, "", 0), // Faults are on purpose.
	}), w
}

// roundTripper passes requests of a server on over a wire.
type roundTripper struct{ wire *Wire }

// RoundTrip implements http.RoundTripper.
func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.wire.Do(request)
	if err != nil {
		return nil, fmt.Errorf("on the wire: %w", err)
	}
	return response, nil
}

// Inject lets a fault happen from now on, nil for none, and counts requests anew.
func (w *Wire) Inject(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.requests = f, 0
}

// Count is how many requests there were since Inject.
func (w *Wire) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// Do implements aws.HTTPClient.
func (w *Wire) Do(request *http.Request) (*http.Response, error) {
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
