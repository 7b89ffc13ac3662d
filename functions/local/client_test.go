package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// testTimeout bounds every wait of a test for something that should come.
const testTimeout = 20 * time.Second

// startServer runs the local program's server for one test, on a free port and with more flags.
func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	o, err := parse(append([]string{"-addr", "127.0.0.1:0", "-messages-per-minute", "0"}, flags...), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return s
}

// client is a WebSocket client whose methods fail their test.
type client struct {
	t         *testing.T
	conn      net.Conn
	reader    io.Reader
	handshake ws.Handshake
	heard     *heard
}

func dial(t *testing.T, url string) *client {
	t.Helper()
	c, err := tryDial(t, url, ws.Dialer{})
	if err != nil {
		t.Fatalf("connecting to %s: %v", url, err)
	}
	return c
}

func tryDial(t *testing.T, url string, dialer ws.Dialer) (*client, error) {
	dialer.Timeout = testTimeout
	conn, buffered, handshake, err := dialer.Dial(context.Background(), url)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn, reader: conn, handshake: handshake, heard: &heard{}}
	if buffered != nil {
		c.reader = buffered
	}
	return c, nil
}

// in returns the same client for a part of a test.
func (c *client) in(t *testing.T) *client {
	same := *c
	same.t = t
	return &same
}

func (c *client) write(frame ws.Frame) {
	c.t.Helper()
	if err := ws.WriteFrame(c.conn, ws.MaskFrame(frame)); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}

func (c *client) send(text string) {
	c.t.Helper()
	c.write(ws.NewTextFrame([]byte(text)))
}

// sendFrames sends one message in frames of up to size bytes.
func (c *client) sendFrames(text string, size int) {
	c.t.Helper()
	op := ws.OpText
	for len(text) > size {
		c.write(ws.NewFrame(op, false, []byte(text[:size])))
		op, text = ws.OpContinuation, text[size:]
	}
	c.write(ws.NewFrame(op, true, []byte(text)))
}

// read returns the next message; control frames are answered on the way.
func (c *client) read(timeout time.Duration) (string, error) {
	c.conn.SetReadDeadline(time.Now().Add(timeout))
	text, err := wsutil.ReadServerText(struct {
		io.Reader
		io.Writer
	}{c.reader, c.conn})
	return string(text), err
}

func (c *client) text() string {
	c.t.Helper()
	text, err := c.read(testTimeout)
	if err != nil {
		c.t.Fatalf("receiving: %v", err)
	}
	return text
}

// receive returns the next message, which must be of a type, but for what is told meanwhile of who comes and goes, and
// for the lines of rooms, which wait for line: those come from workers, in their own time.
func (c *client) receive(kind string) map[string]any {
	c.t.Helper()
	for {
		text := c.text()
		var message map[string]any
		if err := json.Unmarshal([]byte(text), &message); err != nil {
			c.t.Fatalf("received %.300s: %v", text, err)
		}
		c.hear(message)
		switch message["type"] {
		case kind:
			return message
		case "joined", "left", "messages":
		default:
			c.t.Fatalf("received %.300s, want a message of type %s", text, kind)
		}
	}
}

// reply returns the next message that is no push.
func (c *client) reply() map[string]any {
	c.t.Helper()
	for {
		text := c.text()
		var message map[string]any
		if err := json.Unmarshal([]byte(text), &message); err != nil {
			c.t.Fatalf("received %.300s: %v", text, err)
		}
		if _, push := message["from"]; !push && message["type"] != "messages" {
			return message
		}
	}
}

// echoes checks that the connection still works and that nothing else came before, no line of a room either that the
// client had not got: whatever was posted to it arrives ahead of the echo.
func (c *client) echoes() {
	c.t.Helper()
	id := rand.Text()
	c.send(`{"action":"echo","id":"` + id + `"}`)
	if got := c.receive("echo"); got["id"] != id {
		c.t.Fatalf("received %v, want the echo %s", got, id)
	}
	if len(c.heard.fresh) > 0 {
		c.t.Fatalf("received %v, which nobody expected", c.heard.fresh)
	}
}

// closed returns the code with which the other side closes.
func (c *client) closed() ws.StatusCode {
	c.t.Helper()
	_, err := c.read(testTimeout)
	closed, ok := errors.AsType[wsutil.ClosedError](err)
	if !ok {
		c.t.Fatalf("received %v, want a close frame", err)
	}
	return closed.Code
}

// lockedBuffer collects what a program under test writes.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
