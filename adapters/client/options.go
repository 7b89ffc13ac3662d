package client

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// Options are what a client may be told. The zero value is an anonymous client's.
type Options struct {
	// User is the name to claim, at a service that believes it. One that asks for tokens ignores it.
	User string
	// Token returns a token, and is asked at every attempt to connect; nil is none. It must return when ctx ends. An
	// error makes that attempt fail.
	Token func(ctx context.Context) (string, error)
	// Timeout is how long an answer may take; default 10 seconds.
	Timeout time.Duration
	// Ping is how often to look for messages that got lost at a room's end; default 30 seconds, more or less.
	Ping time.Duration
	// MaxWait is up to where the pauses grow before another attempt to connect; default 1 minute. They begin anew after a
	// connection that lasted for half a minute.
	MaxWait time.Duration

	// OnPush gets what comes without being asked for, but for messages of rooms. See Push. Nil ignores it.
	OnPush func(Push)
	// OnConnection is told when the client has a connection, with nil, and why one ended or could not be opened. Like
	// OnPush it is called by the client's own goroutines: it must return soon, and not wait for anything of the client.
	OnConnection func(error)

	// NetDial opens the network's connections; default is a net.Dialer.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is for wss; nil is the default.
	TLS *tls.Config
}
