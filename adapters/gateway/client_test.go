package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// client is a WebSocket client that shows every frame and sends whatever it is told to.
type client struct {
	t    testing.TB
	nc   net.Conn
	br   *bufio.Reader
	resp *http.Response // The answer to the handshake.
	left bool           // It has sent a close frame.
}

// timeout is how long a test waits for what must come.
const timeout = 10 * time.Second

type headerLines []string

// handshake sends an upgrade request with extra header lines and reads the answer.
func handshake(t testing.TB, target string, extra ...string) *client {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := dialTarget(u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return handshakeOn(t, nc, u, extra...)
}

func handshakeOn(t testing.TB, nc net.Conn, u *url.URL, extra ...string) *client {
	t.Helper()
	lines := append(headerLines{
		"GET " + u.RequestURI() + " HTTP/1.1", "Host: " + u.Host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, extra...)
	return request(t, nc, lines...)
}

// request sends the lines of a request as they are.
func request(t testing.TB, nc net.Conn, lines ...string) *client {
	t.Helper()
	nc.SetDeadline(time.Now().Add(timeout))
	go io.WriteString(nc, strings.Join(lines, "\r\n")+"\r\n\r\n")
	c := &client{t: t, nc: nc, br: bufio.NewReaderSize(nc, 64<<10)}
	var err error
	if c.resp, err = http.ReadResponse(c.br, nil); err != nil {
		t.Fatalf("no answer to the handshake: %v", err)
	}
	nc.SetDeadline(time.Time{})
	return c
}

// slowRequest sends a request and waits for the answer as long as it takes, in virtual time.
func slowRequest(t testing.TB, nc net.Conn, lines ...string) *http.Response {
	t.Helper()
	go io.WriteString(nc, strings.Join(lines, "\r\n")+"\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return resp
}

func dialTarget(u *url.URL) (net.Conn, error) {
	if u.Scheme == "wss" {
		host := u.Host
		if u.Port() == "" {
			host += ":443"
		}
		return tls.Dial("tcp", host, nil)
	}
	return net.Dial("tcp", u.Host)
}

// connect opens a connection that must open.
func connect(t testing.TB, target string, extra ...string) *client {
	t.Helper()
	c := handshake(t, target, extra...)
	if c.resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake was answered %s, want 101", c.resp.Status)
	}
	return c
}

// refused opens a connection that must be refused with the status, and returns the body.
func refused(t testing.TB, status int, target string, extra ...string) string {
	t.Helper()
	c := handshake(t, target, extra...)
	if c.resp.StatusCode != status {
		t.Fatalf("the handshake was answered %s, want %d", c.resp.Status, status)
	}
	body, _ := io.ReadAll(c.resp.Body)
	return string(body)
}

// frame sends one masked frame.
func (c *client) frame(op ws.OpCode, fin bool, payload []byte) {
	c.t.Helper()
	c.raw(ws.NewFrame(op, fin, payload))
}

func (c *client) raw(f ws.Frame) {
	c.t.Helper()
	c.nc.SetWriteDeadline(time.Now().Add(timeout))
	c.left = c.left || f.Header.OpCode == ws.OpClose
	b, err := ws.CompileFrame(ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4}))
	if err != nil {
		c.t.Fatal(err)
	}
	c.nc.Write(b) // An error shows when reading.
}

func (c *client) send(text string) { c.t.Helper(); c.frame(ws.OpText, true, []byte(text)) }

// fragments sends a text message in frames of at most size bytes.
func (c *client) fragments(text []byte, size int) {
	c.t.Helper()
	for op := ws.OpText; ; op = ws.OpContinuation {
		n := min(size, len(text))
		c.frame(op, n == len(text), text[:n])
		if text = text[n:]; len(text) == 0 {
			return
		}
	}
}

// next reads one frame.
func (c *client) next() (ws.Frame, error) {
	c.nc.SetReadDeadline(time.Now().Add(timeout))
	h, err := ws.ReadHeader(c.br)
	if err != nil {
		return ws.Frame{}, err
	}
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(c.br, f.Payload)
	return f, err
}

// message reads the next text message, however many frames it has.
func (c *client) message() string {
	c.t.Helper()
	var text []byte
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("no message came: %v", err)
		}
		if f.Header.OpCode != ws.OpText && f.Header.OpCode != ws.OpContinuation {
			c.t.Fatalf("got a frame of kind %#x, %q, want text", f.Header.OpCode, f.Payload)
		}
		if text = append(text, f.Payload...); f.Header.Fin {
			return string(text)
		}
	}
}

// closed reads up to the close frame and returns what it says, and checks that the socket ends behind it.
func (c *client) closed() (code int, reason string) {
	c.t.Helper()
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("no close frame came: %v", err)
		}
		if f.Header.OpCode != ws.OpClose {
			continue
		}
		if !c.left {
			c.frame(ws.OpClose, true, f.Payload[:min(2, len(f.Payload))])
		}
		if _, err := c.next(); !errors.Is(err, io.EOF) {
			c.t.Errorf("behind the close frame: %v, want the end of the stream", err)
		}
		if len(f.Payload) == 0 {
			return 1005, ""
		}
		got, reason := ws.ParseCloseFrameData(f.Payload)
		return int(got), reason
	}
}

func (c *client) wantClose(code int, reason string) {
	c.t.Helper()
	if gotCode, gotReason := c.closed(); gotCode != code || gotReason != reason {
		c.t.Errorf("closed with %d %q, want %d %q", gotCode, gotReason, code, reason)
	}
}

// wantOpen checks that a ping is still answered, and that nothing came before the pong.
func (c *client) wantOpen() {
	c.t.Helper()
	c.frame(ws.OpPing, true, []byte("still there?"))
	f, err := c.next()
	if err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "still there?" {
		c.t.Errorf("got frame %#x %q and error %v, want the pong of an open connection and nothing before", f.Header.OpCode, f.Payload, err)
	}
}

// call sends a management request and returns the answer with its body.
func call(t testing.TB, method, target string, body []byte) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answer)
}

// object decodes a JSON object.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%q is no JSON object: %v", text, err)
	}
	return m
}

func itoa(n int) string { return strconv.Itoa(n) }
