package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/adapters/gateway"
)

// tool finds a program that make tools-gateway installed. Without it the test is skipped, but in CI it fails.
func tool(t *testing.T, path string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("../../.tools", path))
	if err == nil {
		_, err = os.Stat(file)
	}
	if err == nil {
		return file
	}
	message := fmt.Sprintf("NOT TESTED: %s is missing; make tools-gateway installs it", path)
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}

// runClient runs somebody else's client and returns the object that it prints.
func runClient(t *testing.T, command ...string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(command[0]), err, stderr.String())
	}
	return object(t, string(out))
}

// commands are the ways to run the clients: in Python and in Node.
func commands(t *testing.T, script string, args ...string) map[string]func(t *testing.T) []string {
	return map[string]func(t *testing.T) []string{
		"python": func(t *testing.T) []string {
			return append([]string{tool(t, "gateway-python/bin/python"), "testdata/clients/" + script + ".py"}, args...)
		},
		"node": func(t *testing.T) []string {
			packages := tool(t, "gateway-node/node_modules")
			return append(append([]string{"node", "testdata/clients/" + script + ".mjs"}, args...), packages)
		},
	}
}

// boto3 and the JavaScript SDK understand what /@connections answers. The Go SDK has its say in the statements.
func TestOtherSDKs(t *testing.T) {
	slow := config(newBackend(t, always(ok)), "$connect")
	slow.Limits = gateway.Limits{PostsPerSecond: 1e-9, PostBurst: 1}
	for name := range commands(t, "sdk") {
		t.Run(name, func(t *testing.T) {
			s, c, b, id := opened(t)
			connectedAt := float64(connectedAtOf(t, s, id))
			gone := connect(t, s.URL)
			goneID := b.next().RequestContext.ConnectionID
			gone.Conn.Close()
			b.next()
			got := runClient(t, commands(t, "sdk", s.Endpoint, id, goneID, serve(t, slow).Endpoint)[name](t)...)
			want := map[string]any{
				"post": "none", "connectedAt": connectedAt, "lastActiveAt": connectedAt, "sourceIp": "127.0.0.1",
				"gonePost": "GoneException", "goneGet": "GoneException", "goneDelete": "GoneException",
				"malformed": "BadRequestException", "tooLarge": "PayloadTooLargeException",
				"throttled": "LimitExceededException", "delete": "none",
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			if text := c.Message(); text != "hello" {
				t.Errorf("the client got %q", text)
			}
			c.wantClose(1000, "Connection Closed Normally")
		})
	}
}

func connectedAtOf(t *testing.T, s *stage, id string) int64 {
	_, body := call(t, "GET", s.connection(id), nil)
	var c struct{ ConnectedAt time.Time }
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	return c.ConnectedAt.UnixMilli()
}

// Other people's clients see the refusals and the close codes as they are.
func TestOtherClients(t *testing.T) {
	var at atomic.Pointer[stage] // Its handler runs for processes that the race detector doesn't see.
	s := serve(t, gateway.Config{
		RouteSelectionExpression: `\$default`,
		Routes: map[string]gateway.Route{
			"$connect": {Handler: gateway.Typed(decide)},
			"$default": {Handler: newBackend(t, func(e event) (string, error) { return echoOrDelete(at.Load(), e) }), Reply: true},
		},
	})
	at.Store(s)
	for name, command := range commands(t, "websocket", s.URL) {
		t.Run(name, func(t *testing.T) {
			got := runClient(t, command(t)...)
			want := map[string]any{
				"401": 401.0, "403": 403.0, "502": 502.0, "stage": 403.0, "binary": "1003", "frame": "1009", "inflated": "1009",
				"message": "1009", "deleted": "1000 Connection Closed Normally", "echo": true, "compressed": true, "protocol": "b",
			}
			if !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

// decide is a $connect that does what the query string says.
func decide(_ context.Context, e event) (map[string]any, error) {
	answer := map[string]any{"statusCode": 200}
	if p := e.Query["protocol"]; p != "" {
		answer["headers"] = map[string]string{"Sec-WebSocket-Protocol": p}
	}
	if s := e.Query["status"]; s != "" {
		status, err := strconv.Atoi(s)
		if err != nil {
			return nil, err
		}
		answer["statusCode"] = status
	}
	return answer, nil
}

// echoOrDelete is a route that closes the connection on demand, through /@connections.
func echoOrDelete(s *stage, e event) (string, error) {
	if *e.Body == "delete me" {
		req, err := http.NewRequest("DELETE", s.connection(e.RequestContext.ConnectionID), nil)
		if err != nil {
			return "", err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		return ok, resp.Body.Close()
	}
	answer, err := json.Marshal(map[string]any{"statusCode": 200, "body": *e.Body})
	return string(answer), err
}
