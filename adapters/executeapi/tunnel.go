package executeapi

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// dialWait is how long another server may take to accept a connection, and another proxy to make one.
const dialWait = 30 * time.Second

// connect makes a tunnel, to a handler or to the world.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		http.Error(w, "CONNECT takes host:port", http.StatusBadRequest)
		return
	}
	name := canonical(host)
	if p.names[name] == nil {
		p.tunnel(w, r)
		return
	}
	if port != "443" {
		http.Error(w, host+" is served at port 443 only", http.StatusBadGateway)
		return
	}
	if client, err := hijack(w); err == nil {
		p.ours.hand(namedConn{client, name})
	}
}

// tunnel passes bytes between the client and the server that it asked for.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	server, err := p.dial(r.Host)
	if err != nil {
		p.log.Warn("a function's connection could not be made", "to", r.Host, "error", err)
		http.Error(w, "no connection to "+r.Host+" could be made: "+err.Error(), http.StatusBadGateway)
		return
	}
	client, err := hijack(w)
	if err != nil {
		server.Close()
		return
	}
	p.tunnels.join(client, server)
}

// dial connects to a server, through the outer proxy if there is one for it.
func (p *Proxy) dial(address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(p.ctx, dialWait)
	defer cancel()
	outer, err := p.outer(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil {
		return nil, err
	}
	if outer == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	conn, err := dialProxy(ctx, outer)
	if err != nil {
		return nil, err
	}
	if conn, err = throughProxy(ctx, conn, outer, address); err != nil {
		return nil, fmt.Errorf("through the proxy %s: %w", outer.Host, err)
	}
	return conn, nil
}

func dialProxy(ctx context.Context, proxy *url.URL) (net.Conn, error) {
	address := func(port string) string {
		if proxy.Port() != "" {
			port = proxy.Port()
		}
		return net.JoinHostPort(proxy.Hostname(), port)
	}
	switch proxy.Scheme {
	case "http":
		return new(net.Dialer).DialContext(ctx, "tcp", address("80"))
	case "https":
		return new(tls.Dialer).DialContext(ctx, "tcp", address("443"))
	}
	return nil, fmt.Errorf("proxies of the kind %q are not supported: use an http one", proxy.Scheme)
}

// throughProxy asks another proxy for a tunnel; if it gets none it closes the connection.
func throughProxy(ctx context.Context, conn net.Conn, proxy *url.URL, address string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if proxy.User != nil {
		password, _ := proxy.User.Password()
		pair := proxy.User.Username() + ":" + password
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	buffered := bufio.NewReader(conn)
	err := request.Write(conn)
	if err == nil {
		var answer *http.Response
		if answer, err = http.ReadResponse(buffered, request); err == nil && answer.StatusCode != http.StatusOK {
			err = errors.New("it answered " + answer.Status)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return bufferedConn{conn, buffered}, nil
}

// hijack takes a connection over from HTTP and tells the client that its tunnel is there.
func hijack(w http.ResponseWriter) (net.Conn, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		conn.Close()
		return nil, err
	}
	return bufferedConn{conn, rw.Reader}, nil
}

// bufferedConn is a connection of which a reader holds bytes already.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

// Read implements net.Conn.
func (c bufferedConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// CloseWrite tells the other end that nothing more comes, where the connection can.
func (c bufferedConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// tunnels are the pairs of connections that pass bytes to each other. The zero value is ready for use.
type tunnels struct {
	mu     sync.Mutex // Guards the following.
	open   map[net.Conn]bool
	closed bool
	copies sync.WaitGroup
}

// join passes bytes both ways until both ends have said that nothing more comes, or one has failed.
func (t *tunnels) join(a, b net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		a.Close()
		b.Close()
		return
	}
	if t.open == nil {
		t.open = map[net.Conn]bool{}
	}
	t.open[a], t.open[b] = true, true
	t.copies.Go(func() {
		var back sync.WaitGroup
		back.Go(func() { pass(a, b) })
		pass(b, a)
		back.Wait()
		t.forget(a, b)
	})
}

// pass copies what comes from one end to the other; when that fails both are of no more use.
func pass(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil || closeWrite(to) != nil {
		to.Close()
		from.Close()
	}
}

func (t *tunnels) forget(conns ...net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(t.open, c)
	}
}

// close ends all tunnels and waits until they are gone.
func (t *tunnels) close() {
	t.mu.Lock()
	t.closed = true
	for c := range t.open {
		c.Close()
	}
	t.mu.Unlock()
	t.copies.Wait()
}
