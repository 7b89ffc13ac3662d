package main

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"testing"

	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// startServer runs the local program's server for one test, on a free port and with more flags.
func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	return startLogging(t, t.Output(), append([]string{"-messages-per-minute", "0"}, flags...)...)
}

// startLogging runs a server with a log. It is stopped when the test ends, unless the test did that.
func startLogging(t *testing.T, log io.Writer, flags ...string) *server {
	t.Helper()
	o, err := parse(append([]string{"-addr", "127.0.0.1:0"}, flags...), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), o, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

// stop stops a server, after which its log is complete. It does nothing if the server was stopped before.
func stop(t *testing.T, s *server) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// client is a client that understands what the API answers.
type client struct {
	*gatewaytest.Client
	heard *heard
}

func dial(t testing.TB, url string, header ...string) *client {
	t.Helper()
	return &client{gatewaytest.Connect(t, url, header...), &heard{}}
}

// in returns the same client for a part of a test.
func (c *client) in(t *testing.T) *client {
	same := *c.Client
	same.T = t
	return &client{&same, c.heard}
}

// object returns the next message.
func (c *client) object() (message map[string]any) {
	c.T.Helper()
	text := c.Message()
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		c.T.Fatalf("received %.300s: %v", text, err)
	}
	return message
}

// receive returns the next message, which must be of a type, but for what is told meanwhile of who comes and goes, and
// for the lines of rooms, which wait for line: those come from workers, in their own time.
func (c *client) receive(kind string) map[string]any {
	c.T.Helper()
	for {
		message := c.object()
		c.hear(message)
		switch message["type"] {
		case kind:
			return message
		case "joined", "left", "messages":
		default:
			c.T.Fatalf("received %.300v, want a message of type %s", message, kind)
		}
	}
}

// reply returns the next message that is no push.
func (c *client) reply() map[string]any {
	c.T.Helper()
	for {
		message := c.object()
		if _, push := message["from"]; !push && message["type"] != "messages" {
			return message
		}
	}
}

// echoes checks that the connection still works and that nothing else came before, no line of a room either that the
// client had not got: whatever was posted to it arrives ahead of the echo.
func (c *client) echoes() {
	c.T.Helper()
	id := rand.Text()
	c.Send(`{"action":"echo","id":"` + id + `"}`)
	if got := c.receive("echo"); got["id"] != id {
		c.T.Fatalf("received %v, want the echo %s", got, id)
	}
	if len(c.heard.fresh) > 0 {
		c.T.Fatalf("received %v, which nobody expected", c.heard.fresh)
	}
}
