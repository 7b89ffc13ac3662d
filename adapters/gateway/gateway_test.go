package gateway_test

import (
	"context"
	"testing"

	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestWholePath(t *testing.T) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect", "$default")
	cfg.Routes["echo"] = echoRoutes("echo")["echo"]
	s := serve(t, cfg)

	c := connect(t, s.URL+"?a=1&a=2")
	id := b.next().RequestContext.ConnectionID
	c.Send(`{"action":"echo"}`)
	if got := c.Message(); got != `{"action":"echo"}` {
		t.Errorf("echoed %q", got)
	}
	if resp, _ := call(t, "POST", s.connection(id), []byte("hi")); resp.StatusCode != 200 {
		t.Errorf("POST answered %s", resp.Status)
	}
	if got := c.Message(); got != "hi" {
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
