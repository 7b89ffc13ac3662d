package gateway

import (
	"crypto/sha1"
	"encoding/base64"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"wsecho/adapters/gateway/internal/frames"
)

// serveUpgrade answers a request for the stage's path: with 101 and a connection, or with the HTTP status for which
// there is none.
func (g *Gateway) serveUpgrade(w http.ResponseWriter, r *http.Request) {
	if no := g.checkHandshake(r); no != nil {
		g.refuse(w, r, no)
		return
	}
	if !g.work.Enter() {
		g.refuse(w, r, &refusal{status: http.StatusServiceUnavailable, message: "Service Unavailable", why: "shutting down"})
		return
	}
	u := g.newUpgrade(r)
	if no := u.admit(); no != nil {
		g.refuse(w, r, no)
		g.work.Done()
		return
	}
	if err := u.open(w); err != nil {
		g.log.Warn("the upgrade failed", "connectionId", u.c.id, "error", err)
		g.disconnect(u.c, ending{report: Close{Code: frames.Abnormal}, cause: "the upgrade failed"})
		g.work.Done()
	}
}

// refusal is an upgrade that ends in plain HTTP.
type refusal struct {
	status  int
	message string // For the body; empty sends none.
	header  string // A header, "name: value", or nothing.
	why     string // For the log.
	user    string // For the log, if it is known.
}

// checkHandshake finds what is wrong with a request before anybody is asked about it (RFC 6455, section 4.2.1).
func (g *Gateway) checkHandshake(r *http.Request) *refusal {
	l, plain := g.cfg.Limits, g.cfg.Assumptions.PlainGetStatus
	key, _ := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	switch {
	case exceeds(len(r.RequestURI), l.URLBytes):
		return &refusal{status: http.StatusRequestURITooLong, message: "URI Too Long", why: "the URL is too long"}
	case exceeds(headerSize(r), l.HeaderBytes):
		return &refusal{status: http.StatusRequestHeaderFieldsTooLarge, message: "Request Header Fields Too Large", why: "the header is too large"}
	case r.Method != http.MethodGet:
		return &refusal{status: http.StatusForbidden, message: "Forbidden", why: "only GET can be upgraded"}
	case !hasToken(r.Header, "Upgrade", "websocket") || !hasToken(r.Header, "Connection", "upgrade"):
		g.assume(plainGetIs426, slog.Int("code", plain))
		return &refusal{status: plain, message: "Upgrade Required", header: "Upgrade: websocket", why: "no upgrade asked for"}
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return &refusal{status: http.StatusUpgradeRequired, message: "Upgrade Required", header: "Sec-WebSocket-Version: 13", why: "only version 13 of the protocol is spoken"}
	case len(key) != 16 || len(r.Header["Sec-Websocket-Key"]) != 1:
		return &refusal{status: http.StatusBadRequest, message: "Bad Request", why: "Sec-WebSocket-Key is not 16 bytes in base64"}
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return &refusal{status: http.StatusBadRequest, message: "Bad Request", why: "an upgrade needs HTTP/1.1"}
	case !g.connects.Allow():
		g.assume(fastConnectsAre429)
		return &refusal{status: http.StatusTooManyRequests, message: "Too Many Requests", why: "too many upgrades"}
	}
	return nil
}

func headerSize(r *http.Request) int {
	n := len("Host: ") + len(r.Host) + 2
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return n
}

// hasToken looks for a token in a header that holds a list of them, in any case.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// refuse answers an upgrade with an HTTP status.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	g.logRequest(r, no.why, no.status, userAttr(no.user)...)
	if no.header != "" {
		name, value, _ := strings.Cut(no.header, ": ")
		w.Header().Set(name, value)
	}
	message := no.message
	if message != "" {
		g.assume(refusalsHaveBodies)
	}
	if g.cfg.Assumptions.EmptyRefusals {
		message = ""
	}
	w.Header().Set("X-Amzn-Requestid", newUUID())
	writeMessage(w, no.status, message)
}

// upgrade is a connection that isn't open yet.
type upgrade struct {
	g        *Gateway
	r        *http.Request
	c        *conn
	headers  []header
	ctx      requestContext // Of $connect and of the authorizer, which see the same request.
	protocol string         // The subprotocol that $connect chose.
	deflate  string         // The answer to an offer of compression.
}

func (g *Gateway) newUpgrade(r *http.Request) *upgrade {
	c := &conn{
		g:           g,
		id:          newID(),
		connectedAt: time.Now(),
		identity:    identity{SourceIP: host(r.RemoteAddr), UserAgent: r.UserAgent()},
		domain:      g.cfg.DomainName,
	}
	if c.domain == "" {
		c.domain = r.Host
	}
	u := &upgrade{g: g, r: r, c: c, headers: eventHeaders(r, c)}
	u.ctx = c.newContext(eventConnect, routeConnect)
	if !g.cfg.Limits.NoCompression {
		u.deflate = frames.AcceptDeflate(r.Header.Values("Sec-WebSocket-Extensions"))
	}
	return u
}

// host strips the port of an address.
func host(addr string) string {
	if h, _, err := net.SplitHostPort(addr); err == nil {
		return h
	}
	return addr
}

// open takes the socket over and lets the connection live. From here on the http package has no part in it.
func (u *upgrade) open(w http.ResponseWriter) error {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	c := u.c
	c.nc = bare(nc)
	c.in = frames.Reader{Rules: &u.g.rules, Control: c.control}
	if u.deflate != "" {
		u.g.assume(inflatedBytesCount)
		c.in.Inflater = new(frames.Inflater)
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	c.in.Start(c.nc, early)
	c.lastActive.Store(c.connectedAt.UnixMilli())
	// The 101 goes through the outbox, first: a post that finds the connection can't overtake it.
	c.out.push([]byte(u.response()), -1)
	c.alive = time.AfterFunc(time.Hour, c.tick)
	u.g.remember(c)
	c.tick()
	c.drainLater()
	go c.serve()
	if u.g.work.refusing() { // A shutdown that began meanwhile may not have seen this connection.
		c.end(shutDown())
	}
	return nil
}

// response is the 101, with the headers that the service was seen to send.
func (u *upgrade) response() string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\nDate: ")
	b.WriteString(time.Now().UTC().Format(http.TimeFormat))
	b.WriteString("\r\nConnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ")
	b.WriteString(acceptKey(u.r.Header.Get("Sec-WebSocket-Key")))
	if u.deflate != "" {
		b.WriteString("\r\nsec-websocket-extensions: " + u.deflate)
	}
	if u.protocol != "" {
		b.WriteString("\r\nsec-websocket-protocol: " + u.protocol)
	}
	b.WriteString("\r\n\r\n")
	return b.String()
}

// acceptKey proves that the handshake was understood (RFC 6455, section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
