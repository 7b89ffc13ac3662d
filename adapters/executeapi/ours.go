package executeapi

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// namedConn is a connection that was made for a name of this run.
type namedConn struct {
	net.Conn
	name string
}

// nameKey is the key of the name in the context of a connection.
type nameKey struct{}

// rememberName puts the name that a connection was made for into its context.
func rememberName(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, nameKey{}, c.(*tls.Conn).NetConn().(namedConn).name)
}

// serveOurs answers for the name that the connection was made for, whatever a request calls it.
func (p *Proxy) serveOurs(w http.ResponseWriter, r *http.Request) {
	p.names[r.Context().Value(nameKey{}).(string)].ServeHTTP(w, r)
}

// handed is a net.Listener of connections that come from elsewhere in this process.
type handed struct {
	conns chan net.Conn
	ended chan struct{}
	end   sync.Once
	addr  net.Addr
}

func newHanded(addr net.Addr) *handed {
	return &handed{conns: make(chan net.Conn), ended: make(chan struct{}), addr: addr}
}

// hand gives a connection to whoever accepts, or closes it when nobody does any more.
func (h *handed) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.ended:
		c.Close()
	}
}

// Accept implements net.Listener.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handed) Close() error {
	h.end.Do(func() { close(h.ended) })
	return nil
}

// Addr implements net.Listener: the address of the proxy.
func (h *handed) Addr() net.Addr { return h.addr }
