package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/gatewaytest"
)

// TestLogLines: who it was and what came of it is on every line of a connection, and bodies are with -v alone.
func TestLogLines(t *testing.T) {
	for _, flags := range [][]string{nil, {"-v"}} {
		var log gatewaytest.Buffer
		s := startLogging(t, &log, flags...)
		c := dial(t, s.url+"?user=ada")
		c.Send(`{"action":"echo", "data":"hi there"}`)
		c.Message()
		c.Raw(ws.NewCloseFrame(ws.NewCloseFrameBody(4000, "bye")))
		c.Closed()
		stop(t, s)
		for _, want := range []string{
			`CONNECT .* user=ada .*code=200`, `MESSAGE .*route=echo .* user=ada .*code=200`, `DISCONNECT .* user=ada .*code=4000 reason=bye`,
			`AWS may differ: .* assumption=DisconnectWaits`,
		} {
			if !regexp.MustCompile(want).MatchString(log.String()) {
				t.Errorf("%q: no line has %s:\n%s", flags, want, &log)
			}
		}
		readable := strings.Contains(log.String(), "\n    body  {\"action\":\"echo\",\"data\":\"hi there\"}\n    reply {")
		if readable != (len(flags) > 0) {
			t.Errorf("%q: the log is\n%s", flags, &log)
		}
	}
}

// TestSocketWithoutStage: the client gets what AWS answers, and the log says where the API is.
func TestSocketWithoutStage(t *testing.T) {
	for _, path := range []string{"/", "/prod", "/dev/room", ""} {
		var log gatewaytest.Buffer
		s := startLogging(t, &log)
		root := strings.TrimSuffix(s.url, "/dev")
		gatewaytest.Refused(t, 403, root+path)
		if want := regexp.MustCompile(`refused: no such \S+ .*code=403 .*hint="WebSockets connect to ` + s.url + `"`); !want.MatchString(log.String()) {
			t.Errorf("%s: the log doesn't say where the API is:\n%s", path, &log)
		}
		stop(t, s)
	}
}
