package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// client is a WebSocket client that shows what comes, frame by frame, and sends whatever it is told to.
type client struct {
	s      *suite
	conn   net.Conn
	status int
	header http.Header
	body   string // Of a refusal.

	nonce string // By which the probe's records of the connect are known.
	id    string // Once the server has told.
	seen  chan sight
	left  atomic.Bool
}

// sight is something that came to a client, other than records of the probe.
type sight struct {
	kind   string // text, pong, close, end, nothing.
	text   string
	code   int
	reason string
	sizes  []int // Of the frames of a text.
}

// String is for people.
func (s sight) String() string {
	switch s.kind {
	case "text":
		return fmt.Sprintf("the message %.200q", s.text)
	case "close":
		return fmt.Sprintf("a close frame, %d %q", s.code, s.reason)
	case "end":
		return "the end of the connection without a close frame"
	case "pong":
		return fmt.Sprintf("a pong, %q", s.text)
	}
	return "nothing"
}

func (s sight) isClose(code int) bool { return s.kind == "close" && s.code == code }

// handshake asks for a connection and reads the answer, whatever that is.
func (s *suite) handshake(target string, header ...string) (*client, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	conn, err := s.dial(u)
	if err != nil {
		return nil, err
	}
	lines := append([]string{
		"GET " + u.RequestURI() + " HTTP/1.1", "Host: " + u.Host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, header...)
	c := &client{s: s, conn: conn, seen: make(chan sight, 1000)}
	if err := c.shake(strings.Join(lines, "\r\n") + "\r\n\r\n"); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// dial connects, past any proxy: a proxy might have its own ideas of WebSockets.
func (s *suite) dial(u *url.URL) (net.Conn, error) {
	port := map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	if u.Port() != "" {
		port = u.Port()
	}
	conn, err := (&net.Dialer{Timeout: s.wait}).Dial("tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Scheme != "wss" {
		return conn, err
	}
	secure := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), RootCAs: s.roots})
	secure.SetDeadline(time.Now().Add(s.wait))
	return secure, secure.Handshake()
}

// shake sends the request and, if the connection opens, reads from it.
func (c *client) shake(request string) error {
	// $connect and an authorizer may take their time.
	c.conn.SetDeadline(time.Now().Add(c.s.wait + handlerTime))
	if _, err := io.WriteString(c.conn, request); err != nil {
		return err
	}
	r := bufio.NewReader(c.conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return fmt.Errorf("no answer to the upgrade: %w", err)
	}
	c.status, c.header = resp.StatusCode, resp.Header
	if c.status != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		c.body = string(body)
		return c.conn.Close()
	}
	c.conn.SetDeadline(time.Time{})
	go c.read(r)
	return nil
}

// read reports what comes until nothing more does.
func (c *client) read(r io.Reader) {
	defer close(c.seen)
	var text message
	for {
		f, err := frameFrom(r)
		switch {
		case err != nil:
			c.seen <- sight{kind: "end"}
			return
		case f.Header.OpCode == ws.OpClose:
			c.closed(f.Payload)
			return
		case f.Header.OpCode == ws.OpPong:
			c.seen <- sight{kind: "pong", text: string(f.Payload)}
		case f.Header.OpCode == ws.OpPing:
			c.frame(ws.OpPong, true, f.Payload)
		case text.add(f):
			if !c.s.records.add(text.text(), c) {
				c.seen <- sight{kind: "text", text: string(text.text()), sizes: text.sizes}
			}
			text = message{}
		}
	}
}

// maxFrame is more than any server may send at once.
const maxFrame = 16 << 20

func frameFrom(r io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(r); err != nil {
		return f, err
	}
	if f.Header.Length > maxFrame {
		return f, fmt.Errorf("a frame of %d bytes", f.Header.Length)
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

// message is what has come of a message so far.
type message struct {
	payload  []byte
	sizes    []int // Of the frames.
	deflated bool
}

// add takes a frame; it tells whether that was the last one.
func (m *message) add(f ws.Frame) bool {
	m.payload, m.sizes = append(m.payload, f.Payload...), append(m.sizes, len(f.Payload))
	m.deflated = m.deflated || f.Header.Rsv1()
	return f.Header.Fin
}

func (m *message) text() []byte {
	if m.deflated {
		return inflated(m.payload)
	}
	return m.payload
}

// closed reports a close frame and answers it.
func (c *client) closed(payload []byte) {
	code, reason := ws.StatusCode(1005), ""
	if len(payload) >= 2 {
		code, reason = ws.ParseCloseFrameData(payload)
	}
	if !c.left.Load() {
		c.frame(ws.OpClose, true, payload[:min(2, len(payload))])
	}
	c.seen <- sight{kind: "close", code: int(code), reason: reason}
	c.conn.Close()
}

// next is what comes next, or nothing within the time that the suite waits.
func (c *client) next() sight { return c.within(c.s.wait) }

// silence is what comes though nothing should.
func (c *client) silence() sight { return c.within(c.s.quiet) }

func (c *client) within(d time.Duration) sight {
	select {
	case s, ok := <-c.seen:
		if !ok {
			return sight{kind: "end"}
		}
		return s
	case <-time.After(d):
		return sight{kind: "nothing"}
	}
}

// alive tells whether the connection answers a ping, with nothing before.
func (c *client) alive() (bool, sight) {
	c.frame(ws.OpPing, true, []byte("still there?"))
	s := c.next()
	return s.kind == "pong" && s.text == "still there?", s
}

// send sends a text message. An error in sending shows when reading.
func (c *client) send(text string) { c.frame(ws.OpText, true, []byte(text)) }

// frame sends one masked frame.
func (c *client) frame(op ws.OpCode, fin bool, payload []byte) { c.raw(ws.NewFrame(op, fin, payload)) }

func (c *client) raw(f ws.Frame) {
	if f.Header.OpCode == ws.OpClose {
		c.left.Store(true)
	}
	f.Payload = bytes.Clone(f.Payload)
	if b, err := ws.CompileFrame(ws.MaskFrameInPlace(f)); err == nil {
		c.conn.SetWriteDeadline(time.Now().Add(c.s.wait))
		c.conn.Write(b)
	}
}

// fragments sends a text message in frames of at most size bytes.
func (c *client) fragments(text string, size int) {
	for op := ws.OpText; ; op = ws.OpContinuation {
		n := min(size, len(text))
		c.frame(op, n == len(text), []byte(text[:n]))
		if text = text[n:]; text == "" {
			return
		}
	}
}

// compressed sends a text message in one frame of permessage-deflate.
func (c *client) compressed(text string) {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	io.WriteString(w, text)
	w.Flush()
	payload := bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
	c.raw(ws.Frame{Header: ws.Header{Fin: true, Rsv: 0b100, OpCode: ws.OpText, Length: int64(len(payload))}, Payload: payload})
}

// inflated is the text of a compressed message, as far as it doesn't build on those before it.
func inflated(payload []byte) []byte {
	text, _ := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff"))))
	return text
}

// leave says goodbye with a close frame.
func (c *client) leave(code int, reason string) {
	c.frame(ws.OpClose, true, ws.NewCloseFrameBody(ws.StatusCode(code), reason))
}

// reset ends the connection as a crash would.
func (c *client) reset() {
	conn := c.conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// get asks for the URL of a stage without an upgrade.
func (s *suite) get(target string) (int, string, error) {
	resp, err := s.http.Get(strings.Replace(target, "ws", "http", 1))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	return resp.StatusCode, string(body), errors.Join(err)
}
