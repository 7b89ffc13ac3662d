package gateway_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// logged are the records with a message, out of a log of JSON lines.
func logged(t *testing.T, log *gatewaytest.Buffer, message string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		if record := object(t, line); record[slog.MessageKey] == message {
			found = append(found, record)
		}
	}
	return found
}

func jsonLogger(log *gatewaytest.Buffer) *slog.Logger { return slog.New(slog.NewJSONHandler(log, nil)) }

// Every event and post has one line; bodies only when they are wanted, query strings never.
func TestLogLines(t *testing.T) {
	for bodies, secrets := range map[bool]int{false: 0, true: 3} {
		var log gatewaytest.Buffer
		b := newBackend(t, always(`{"statusCode":200,"body":"secret reply"}`))
		cfg := config(b, "$connect", "$disconnect", "$default")
		cfg.LogBodies, cfg.Logger = bodies, jsonLogger(&log)
		s := serve(t, cfg)
		c := connect(t, s.URL+"?token=hidden")
		id := b.next().RequestContext.ConnectionID
		c.Send("secret message")
		b.next()
		call(t, "POST", s.connection(id), []byte("secret post"))
		call(t, "DELETE", s.connection(id), nil)
		c.Message()
		c.wantClose(1000, "Connection Closed Normally")
		b.next()
		s.Shutdown(t.Context())
		for _, event := range []string{"CONNECT", "MESSAGE", "DISCONNECT", "POST", "DELETE"} {
			if n := len(logged(t, &log, event)); n != 1 {
				t.Errorf("%d lines with %q:\n%s", n, event, log.String())
			}
		}
		if n := strings.Count(log.String(), "secret"); n != secrets {
			t.Errorf("with LogBodies %v, %d bodies are logged, want %d:\n%s", bodies, n, secrets, log.String())
		}
		if strings.Contains(log.String(), "hidden") {
			t.Errorf("the query string is logged:\n%s", log.String())
		}
	}
}

// Records have the code that somebody was given, and the user that an authorizer named.
func TestCodeAndUserAreLogged(t *testing.T) {
	var log gatewaytest.Buffer
	s, authorizer, b := guardedWith(t, &log, always(verdict(statement("Allow", "*"), `{"userId":"u1"}`)))
	c := connect(t, s.URL)
	id := b.next().RequestContext.ConnectionID
	c.Send("x")
	b.next()
	call(t, "POST", s.connection(id), []byte("x"))
	c.Message()
	c.Frame(ws.OpClose, true, ws.NewCloseFrameBody(4001, "bye"))
	b.next()
	call(t, "POST", s.connection(id), []byte("x"))
	authorizer.answer = always(verdict(statement("Deny", "*"), `{}`))
	gatewaytest.Refused(t, 403, s.URL)
	authorizer.answer = throws("Unauthorized")
	gatewaytest.Refused(t, 401, s.URL)
	s.Shutdown(t.Context())
	for message, want := range map[string][][2]any{
		"CONNECT":    {{"p", 200.0}},
		"MESSAGE":    {{"p", 200.0}},
		"POST":       {{"p", 200.0}, {nil, 410.0}},
		"DISCONNECT": {{"p", 4001.0}},
		"AUTHORIZER": {{"p", nil}, {"p", 403.0}, {nil, 401.0}},
		"refused: the authorizer's policy doesn't allow " + methodARN: {{"p", 403.0}},
		"refused: the authorizer said Unauthorized":                   {{nil, 401.0}},
	} {
		var got [][2]any
		for _, record := range logged(t, &log, message) {
			got = append(got, [2]any{record["user"], record["code"]})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: users and codes are %v, want %v\n%s", message, got, want, log.String())
		}
	}
}

// guardedWith is guarded with a log.
func guardedWith(t *testing.T, log *gatewaytest.Buffer, answer func(event) (string, error)) (s *stage, authorizer, b *backend) {
	authorizer, b = newBackend(t, answer), newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect", "$default")
	cfg.Authorizer, cfg.Logger = &gateway.Authorizer{Handler: authorizer}, jsonLogger(log)
	return serve(t, cfg), authorizer, b
}

// A WebSocket without the stage gets what AWS answers; the log says what would be right.
func TestElsewhereIsExplained(t *testing.T) {
	for path, message := range map[string]string{"/": "refused: no such stage", "/prod": "refused: no such stage", "/dev/x": "refused: no such path"} {
		var log gatewaytest.Buffer
		s := serve(t, gateway.Config{Logger: jsonLogger(&log)})
		target := strings.TrimSuffix(s.URL, "/dev") + path
		if body := gatewaytest.Refused(t, 403, target); body != `{"message":"Forbidden"}` {
			t.Errorf("%s: the body is %s", path, body)
		}
		records := logged(t, &log, message)
		if len(records) != 1 || records[0]["hint"] != "WebSockets connect to "+s.URL || records[0]["code"] != 403.0 {
			t.Errorf("%s: logged %v", path, records)
		}
		if resp, _ := call(t, "GET", strings.Replace(target, "ws", "http", 1), nil); resp.StatusCode != 403 || len(logged(t, &log, message)) != 2 {
			t.Errorf("%s: a plain GET is answered %s", path, resp.Status)
		}
		if strings.Count(log.String(), "hint") != 1 {
			t.Errorf("%s: a plain GET is told about WebSockets:\n%s", path, log.String())
		}
	}
}
