package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"sync"
)

// loopback is an HTTP client for a server in this process: it hands requests to the server's handler as the network
// would, without the network. Most of what the program does is posting to itself, and that makes it half the work.
type loopback struct {
	handler http.Handler
	running sync.WaitGroup // The requests, those that were given up too.
}

// Do implements aws.HTTPClient. As over a network, a request whose context ends is given up, but not undone.
func (l *loopback) Do(request *http.Request) (*http.Response, error) {
	received, err := arrival(request)
	if err != nil {
		return nil, err
	}
	answered := make(chan *reply, 1)
	l.running.Go(func() {
		r := &reply{header: http.Header{}}
		l.handler.ServeHTTP(r, received)
		answered <- r
	})
	select {
	case r := <-answered:
		return r.response(request), nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// wait returns when no request is being served any more. None may be sent from then on.
func (l *loopback) wait() { l.running.Wait() }

// arrival is a client's request as a server sees it. It has the body by then: what gave up sending may use it again.
func arrival(request *http.Request) (*http.Request, error) {
	target := request.URL.RequestURI()
	path, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	received := *request
	received.URL, received.RequestURI, received.RemoteAddr = path, target, "127.0.0.1:0"
	if received.Host == "" {
		received.Host = request.URL.Host
	}
	if received.Body = http.NoBody; request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		received.Body = io.NopCloser(bytes.NewReader(body))
	}
	return &received, request.Context().Err()
}

// reply collects what a handler answers.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *reply) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *reply) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *reply) response(request *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: r.status, Status: http.StatusText(r.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()), Request: request,
	}
}
