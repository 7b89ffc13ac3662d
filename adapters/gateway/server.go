package gateway

import (
	"net"
	"net/http"
	"time"
)

// Time-outs against clients that connect and then send nothing, or send it byte by byte.
const (
	headerWait = 10 * time.Second
	bodyWait   = 10 * time.Second
	keepAlive  = 2 * time.Minute
)

// Server makes an http.Server for the gateway, with what a server needs that faces arbitrary clients: 10 s for a
// request's header, at most 16 KB of it, and two minutes of keep-alive. Its Handler may be replaced by one that leads
// to the gateway. Serve it on a Listener. Shut down the gateway before the server, which knows nothing of WebSockets.
func (g *Gateway) Server() *http.Server {
	return &http.Server{
		Handler:           g,
		ConnContext:       ConnContext,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       keepAlive,
		MaxHeaderBytes:    12 << 10, // net/http adds 4 KB.
	}
}

// Serve serves the gateway on l, through Server and Listener, until the listener is closed.
func (g *Gateway) Serve(l net.Listener) error { return g.Server().Serve(Listener(l)) }
