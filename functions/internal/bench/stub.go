package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"
)

// stubSettings are those of the role stub, a server that answers every post alike.
type stubSettings struct {
	Latency time.Duration
	File    string // Where it writes its address.
}

// stubAddress is where the stub is and by which certificate one knows it.
type stubAddress struct {
	URL         string
	Certificate []byte
}

// playStub plays the role stub until the parent ends it.
func playStub(ctx context.Context, s stubSettings, begin func()) (none struct{}, err error) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(s.Latency)
	}))
	defer server.Close()
	address, err := json.Marshal(stubAddress{server.URL, server.Certificate().Raw})
	if err == nil {
		err = os.WriteFile(s.File, address, 0o600)
	}
	if err != nil {
		return none, err
	}
	begin()
	<-ctx.Done()
	return none, nil
}
