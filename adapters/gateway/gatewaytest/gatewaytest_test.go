package gatewaytest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// TestServe: a server can be used until its test ends, and no longer.
func TestServe(t *testing.T) {
	var conn net.Conn
	var url string
	t.Run("served", func(t *testing.T) {
		s := gatewaytest.Serve(t, gateway.Config{Stage: "try"})
		if url = s.URL; !strings.HasPrefix(url, "ws://127.0.0.1:") || !strings.HasSuffix(url, "/try") {
			t.Errorf("the URL is %s", url)
		}
		var err error
		if conn, _, _, err = ws.Dial(context.Background(), url); err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get(s.Endpoint + "/@connections/x")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("the endpoint answers %s", resp.Status)
		}
	})
	if conn == nil {
		return
	}
	defer conn.Close()
	_, _, err := wsutil.ReadServerData(conn)
	if closed, ok := errors.AsType[wsutil.ClosedError](err); !ok || closed.Code != ws.StatusGoingAway {
		t.Errorf("after the test: %v, want a close frame with 1001", err)
	}
	if _, _, _, err := ws.Dial(t.Context(), url); err == nil {
		t.Error("after the test somebody listens")
	}
}
