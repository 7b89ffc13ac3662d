package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/gatewaytest"
)

// client is a client of which the gateway's own tests ask more.
type client struct{ *gatewaytest.Client }

// connect opens a connection that must open.
func connect(t testing.TB, target string, extra ...string) *client {
	t.Helper()
	return &client{gatewaytest.Connect(t, target, extra...)}
}

func (c *client) wantClose(code int, reason string) {
	c.T.Helper()
	if gotCode, gotReason := c.Closed(); gotCode != code || gotReason != reason {
		c.T.Errorf("closed with %d %q, want %d %q", gotCode, gotReason, code, reason)
	}
}

// wantOpen checks that a ping is still answered, and that nothing came before the pong.
func (c *client) wantOpen() {
	c.T.Helper()
	c.Frame(ws.OpPing, true, []byte("still there?"))
	f, err := c.Next()
	if err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "still there?" {
		c.T.Errorf("got frame %#x %q and error %v, want the pong of an open connection and nothing before", f.Header.OpCode, f.Payload, err)
	}
}

// call sends a management request and returns the answer with its body.
func call(t testing.TB, method, target string, body []byte) (*http.Response, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), gatewaytest.Timeout)
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
