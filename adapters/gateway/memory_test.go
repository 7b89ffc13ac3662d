package gateway_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// memory is a network inside the process, for tests in virtual time.
type memory struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case nc := <-m.conns:
		return nc, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (m *memory) dial() net.Conn {
	ours, theirs := net.Pipe()
	m.conns <- theirs
	return ours
}

// virtual is a gateway in a bubble of virtual time.
type virtual struct {
	*gateway.Gateway
	t   *testing.T
	net *memory
}

// bubble runs a test against a gateway in virtual time: sleeping takes none.
func bubble(t *testing.T, cfg gateway.Config, test func(*testing.T, *virtual)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g, err := gateway.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
		server := g.Server()
		go server.Serve(gateway.Listener(m))
		defer server.Close()
		test(t, &virtual{g, t, m})
		if err := g.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func (v *virtual) connect(query string) *client {
	v.t.Helper()
	c := v.handshake(query)
	if c.Response.StatusCode != 101 {
		v.t.Fatalf("the handshake was answered %s", c.Response.Status)
	}
	return c
}

func (v *virtual) handshake(query string) *client {
	v.t.Helper()
	nc := v.net.dial()
	v.t.Cleanup(func() { nc.Close() })
	return &client{gatewaytest.HandshakeOn(v.t, nc, "ws://memory/dev"+query)}
}

// manage sends a management request and returns its status.
func (v *virtual) manage(method, id, body string) int {
	v.t.Helper()
	nc := v.net.dial()
	defer nc.Close()
	request := method + " /dev/@connections/" + id + " HTTP/1.1\r\nHost: memory\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body
	return gatewaytest.Exchange(v.t, nc, request).Response.StatusCode
}
