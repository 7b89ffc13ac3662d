package gatewaytest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// Timeout is how long a client waits for what must come. It is longer than the 29 seconds that a handler may take.
const Timeout = 30 * time.Second

// Client is a WebSocket client that shows every frame and sends whatever it is told to. One goroutine may send while
// another one receives.
type Client struct {
	// T is told of failures.
	T testing.TB
	// Conn is the connection. What was received may be in a buffer of the client's, so that nobody else should read.
	Conn net.Conn
	// Response is the answer to the handshake.
	Response *http.Response

	r    *bufio.Reader
	left *atomic.Bool // It has sent a close frame.
}

// ClosedError is what a close frame says; one that is empty has the code 1005.
type ClosedError struct {
	Code   int
	Reason string
}

// Error is the code and the reason.
func (e ClosedError) Error() string { return fmt.Sprintf("closed with %d %q", e.Code, e.Reason) }

// Connect opens a connection that must open, with extra header lines ("Name: value"). It is closed when the test ends.
func Connect(t testing.TB, url string, header ...string) *Client {
	t.Helper()
	c := Handshake(t, url, header...)
	if c.Response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake with %s was answered %s, want 101", url, c.Response.Status)
	}
	return c
}

// Refused asks for a connection that must be refused with a status, and returns the body of the answer.
func Refused(t testing.TB, status int, url string, header ...string) string {
	t.Helper()
	c := Handshake(t, url, header...)
	if c.Response.StatusCode != status {
		t.Fatalf("the handshake with %s was answered %s, want %d", url, c.Response.Status, status)
	}
	body, _ := io.ReadAll(c.Response.Body)
	return string(body)
}

// Handshake asks for a connection and reads the answer, whatever that is.
func Handshake(t testing.TB, url string, header ...string) *Client {
	t.Helper()
	conn, err := dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return HandshakeOn(t, conn, url, header...)
}

func dial(target string) (net.Conn, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: Timeout}
	if u.Scheme != "wss" {
		return dialer.Dial("tcp", u.Host)
	}
	host := u.Host
	if u.Port() == "" {
		host += ":443"
	}
	return tls.DialWithDialer(dialer, "tcp", host, nil)
}

// HandshakeOn is Handshake on a connection that is there.
func HandshakeOn(t testing.TB, conn net.Conn, target string, header ...string) *Client {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		"GET " + u.RequestURI() + " HTTP/1.1", "Host: " + u.Host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}
	return Exchange(t, conn, strings.Join(append(lines, header...), "\r\n")+"\r\n\r\n")
}

// Exchange sends a request as it is written and reads the header of the answer.
func Exchange(t testing.TB, conn net.Conn, request string) *Client {
	t.Helper()
	conn.SetDeadline(time.Now().Add(Timeout))
	go io.WriteString(conn, request) // A server may answer before it has read all.
	c := &Client{T: t, Conn: conn, r: bufio.NewReader(conn), left: new(atomic.Bool)}
	var err error
	if c.Response, err = http.ReadResponse(c.r, nil); err != nil {
		t.Fatalf("%.300s\nwas answered with %v", request, err)
	}
	conn.SetDeadline(time.Time{})
	return c
}

// Send sends a text message. An error in sending shows when reading.
func (c *Client) Send(text string) { c.T.Helper(); c.Frame(ws.OpText, true, []byte(text)) }

// Frame sends one masked frame.
func (c *Client) Frame(op ws.OpCode, fin bool, payload []byte) {
	c.T.Helper()
	c.Raw(ws.NewFrame(op, fin, payload))
}

// Raw sends a frame as it is, but for the mask.
func (c *Client) Raw(f ws.Frame) {
	c.T.Helper()
	if f.Header.OpCode == ws.OpClose {
		c.left.Store(true)
	}
	b, err := ws.CompileFrame(ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4}))
	if err != nil {
		c.T.Fatal(err)
	}
	c.Conn.SetWriteDeadline(time.Now().Add(Timeout))
	c.Conn.Write(b)
}

// Fragments sends a text message in frames of at most size bytes.
func (c *Client) Fragments(text []byte, size int) {
	c.T.Helper()
	for op := ws.OpText; ; op = ws.OpContinuation {
		n := min(size, len(text))
		c.Frame(op, n == len(text), text[:n])
		if text = text[n:]; len(text) == 0 {
			return
		}
	}
}

// Next reads one frame.
func (c *Client) Next() (ws.Frame, error) { return c.next(Timeout) }

func (c *Client) next(within time.Duration) (ws.Frame, error) {
	c.Conn.SetReadDeadline(time.Now().Add(within))
	h, err := ws.ReadHeader(c.r)
	if err != nil {
		return ws.Frame{}, err
	}
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(c.r, f.Payload)
	return f, err
}

// Message reads the next text message, which must come.
func (c *Client) Message() string {
	c.T.Helper()
	text, err := c.Read(Timeout)
	if err != nil {
		c.T.Fatalf("no message came: %v", err)
	}
	return text
}

// Read reads the next text message, however many frames it has, each of which may take some time. When a close frame
// comes instead, it is answered and the error is a ClosedError; any other frame is an error too.
func (c *Client) Read(within time.Duration) (string, error) {
	var text []byte
	for {
		f, err := c.next(within)
		if err != nil {
			return "", err
		}
		switch f.Header.OpCode {
		case ws.OpText, ws.OpContinuation:
			if text = append(text, f.Payload...); f.Header.Fin {
				return string(text), nil
			}
		case ws.OpClose:
			return "", c.leave(f.Payload)
		default:
			return "", fmt.Errorf("got a frame of kind %#x, %q, want text", f.Header.OpCode, f.Payload)
		}
	}
}

// leave answers a close frame, unless it is an answer, and wants the stream to end behind it.
func (c *Client) leave(said []byte) error {
	if !c.left.Load() {
		c.Frame(ws.OpClose, true, said[:min(2, len(said))])
	}
	if f, err := c.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("behind the close frame: %+v, %v, want the end of the stream", f.Header, err)
	}
	if len(said) == 0 {
		return ClosedError{Code: int(ws.StatusNoStatusRcvd)}
	}
	code, reason := ws.ParseCloseFrameData(said)
	return ClosedError{int(code), reason}
}

// Closed reads the close frame, which must be what comes next, and returns what it says: 1005 if it is empty.
func (c *Client) Closed() (code int, reason string) {
	c.T.Helper()
	text, err := c.Read(Timeout)
	closed, ok := errors.AsType[ClosedError](err)
	if !ok {
		c.T.Fatalf("received %.300q, %v, want a close frame", text, err)
	}
	return closed.Code, closed.Reason
}
