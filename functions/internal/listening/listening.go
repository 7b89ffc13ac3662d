// Package listening is for whoever starts servers that take no port 0, such as DynamoDB Local: it finds addresses, and
// waits for servers there.
package listening

import (
	"context"
	"errors"
	"net"
	"time"
)

// between is how long WaitFor waits before it looks again.
const between = 5 * time.Millisecond

// FreeAddress is an address of loopback where nobody listens. Another process may take it before the caller's does.
func FreeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// WaitFor returns when somebody listens at an address, or with the last refusal and the context's error when ctx ends.
func WaitFor(ctx context.Context, address string) error {
	ticker := time.NewTicker(between)
	defer ticker.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}
