// Package gatewaytest serves a local API Gateway for a test.
//
//	s := gatewaytest.Serve(t, gateway.Config{Routes: routes})
//	conn, _, _, err := ws.Dial(ctx, s.URL)
package gatewaytest

import (
	"cmp"
	"context"
	"net"
	"testing"
	"time"

	"wsecho/adapters/gateway"
)

// Server is a gateway that serves until its test ends.
type Server struct {
	*gateway.Gateway
	// URL is where WebSockets connect: ws://127.0.0.1:port/stage.
	URL string
	// Endpoint is where handlers post to connections, the BaseEndpoint of an SDK's client:
	// http://127.0.0.1:port/stage.
	Endpoint string
}

// timeout is how long the end of a test waits for handlers that still run.
const timeout = 10 * time.Second

// Serve serves a gateway on a free port of loopback. When the test ends it closes all connections with 1001, waits up
// to ten seconds for the handlers, and fails the test if they have not ended by then. A Config that New refuses fails
// the test at once.
func Serve(t testing.TB, cfg gateway.Config) *Server {
	t.Helper()
	g, err := gateway.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, done := g.Server(), make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(gateway.Listener(listener))
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := g.Shutdown(ctx); err != nil {
			t.Errorf("handlers did not end: %v", err)
		}
		server.Close()
		<-done
	})
	stage := listener.Addr().String() + "/" + cmp.Or(cfg.Stage, "dev")
	return &Server{Gateway: g, URL: "ws://" + stage, Endpoint: "http://" + stage}
}
