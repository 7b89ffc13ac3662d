package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

// header is a header of an upgrade request, with its name as the client wrote it.
type header struct {
	name   string
	values []string
}

// hopHeaders are seen by an authorizer but not by $connect.
var hopHeaders = []string{"Connection", "Upgrade", "content-length"}

// eventHeaders are the client's headers and those that the service adds.
func eventHeaders(r *http.Request, c *conn) []header {
	names := sentNames(r.Context())
	all := []header{
		{"Host", []string{r.Host}},
		{"content-length", []string{"0"}},
		{"X-Forwarded-For", []string{strings.Join(append(r.Header.Values("X-Forwarded-For"), c.identity.SourceIP), ", ")}},
		{"X-Forwarded-Port", []string{"443"}},
		{"X-Forwarded-Proto", []string{"https"}},
	}
	if r.Header.Get("X-Amzn-Trace-Id") == "" {
		all = append(all, header{"X-Amzn-Trace-Id", []string{newTrace(c.connectedAt.Unix())}})
	}
	for canonical, values := range r.Header {
		if slices.ContainsFunc(all, func(h header) bool { return strings.EqualFold(h.name, canonical) }) {
			continue
		}
		all = append(all, header{cased(canonical, names), values})
	}
	return all
}

// cased returns a header's name as it was sent, if that is known, or as it is usually written.
func cased(canonical string, sent map[string]string) string {
	if name, ok := sent[canonical]; ok {
		return name
	}
	if rest, ok := strings.CutPrefix(canonical, "Sec-Websocket-"); ok {
		return "Sec-WebSocket-" + rest
	}
	return canonical
}

// fold makes the two maps of an event. For $connect the headers of the hop are left out.
func (g *Gateway) fold(headers []header, connect bool) (map[string]string, map[string][]string) {
	single, multi := map[string]string{}, map[string][]string{}
	for _, h := range headers {
		if connect && slices.ContainsFunc(hopHeaders, func(hop string) bool { return strings.EqualFold(hop, h.name) }) {
			continue
		}
		multi[h.name] = h.values
		single[h.name] = h.values[len(h.values)-1]
		if len(h.values) > 1 {
			g.assume(lastHeaderCounts, slog.String("header", h.name))
			if g.cfg.Assumptions.FirstHeaderWins {
				single[h.name] = h.values[0]
			}
		}
	}
	return single, multi
}

// query makes the two maps of the query string: of a repeated parameter the last value counts. Both are nil without
// any parameter.
func query(r *http.Request) (map[string]string, map[string][]string) {
	multi, _ := url.ParseQuery(r.URL.RawQuery) // Pairs that can't be decoded are left out.
	if len(multi) == 0 {
		return nil, nil
	}
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single, multi
}

// Listener wraps l so that events show the names of headers as the client wrote them, as API Gateway does. Without it
// the gateway works as well, but Go's http package has changed x-my-header to X-My-Header before it comes to know it.
// It has an effect only on servers made by Gateway.Server, or those whose ConnContext is ConnContext.
func Listener(l net.Listener) net.Listener { return recordingListener{l} }

type recordingListener struct{ net.Listener }

func (l recordingListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &recordedConn{Conn: nc}, nil
}

// recordedConn keeps the first bytes that it reads, in which the header of the first request is.
type recordedConn struct {
	net.Conn
	done  atomic.Bool
	bytes []byte // Read by the request's handler after the server has read the header.
}

func (c *recordedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.done.Load() {
		c.bytes = append(c.bytes, p[:n]...)
		if len(c.bytes) > maxRecorded || bytes.Contains(c.bytes, []byte("\r\n\r\n")) || encrypted(c.bytes) {
			c.done.Store(true)
		}
	}
	return n, err
}

const maxRecorded = 16 << 10

// encrypted reports whether a TLS handshake begins here, in which there is nothing to see.
func encrypted(b []byte) bool { return len(b) > 0 && b[0] == 0x16 }

// bare returns the connection without the recorder around it, whose memory can then be freed.
func bare(nc net.Conn) net.Conn {
	if c, ok := nc.(*recordedConn); ok {
		return c.Conn
	}
	return nc
}

type recordedKey struct{}

// ConnContext makes what Listener recorded known to the gateway: set it as the http.Server's ConnContext. Servers made
// by Gateway.Server have it.
func ConnContext(ctx context.Context, nc net.Conn) context.Context {
	if c, ok := nc.(*recordedConn); ok {
		return context.WithValue(ctx, recordedKey{}, c)
	}
	return ctx
}

// sentNames returns the names of the headers of the connection's first request, by canonical name.
func sentNames(ctx context.Context) map[string]string {
	c, ok := ctx.Value(recordedKey{}).(*recordedConn)
	if !ok || !c.done.Load() {
		return nil
	}
	names := map[string]string{}
	for line := range strings.SplitSeq(string(c.bytes), "\r\n") {
		name, _, ok := strings.Cut(line, ":")
		if line == "" {
			break
		}
		if ok && !strings.Contains(name, " ") {
			names[textproto.CanonicalMIMEHeaderKey(name)] = name
		}
	}
	return names
}
