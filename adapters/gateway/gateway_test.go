package gateway_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails when goroutines of the gateway are left behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftovers(); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines are left behind:\n"+left)
		code = 1
	}
	os.Exit(code)
}

// leftovers waits a while for goroutines of this package to end, and returns the stacks of those that don't.
func leftovers() string {
	var left string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		buf := make([]byte, 4<<20)
		left = ""
		for i, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if i > 0 && strings.Contains(stack, "wsecho/adapters/gateway") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

func TestWholePath(t *testing.T) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect", "$default")
	cfg.Routes["echo"] = echoRoutes("echo")["echo"]
	s := serve(t, cfg)

	c := connect(t, s.ws+"?a=1&a=2")
	id := b.next().RequestContext.ConnectionID
	c.send(`{"action":"echo"}`)
	if got := c.message(); got != `{"action":"echo"}` {
		t.Errorf("echoed %q", got)
	}
	if resp, _ := call(t, "POST", s.connection(id), []byte("hi")); resp.StatusCode != 200 {
		t.Errorf("POST answered %s", resp.Status)
	}
	if got := c.message(); got != "hi" {
		t.Errorf("posted %q", got)
	}
	if resp, _ := call(t, "DELETE", s.connection(id), nil); resp.StatusCode != 204 {
		t.Errorf("DELETE answered %s", resp.Status)
	}
	c.wantClose(1000, "Connection Closed Normally")
	if e := b.next(); e.RequestContext.DisconnectStatusCode != 1000 {
		t.Errorf("event %s", e.raw)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
