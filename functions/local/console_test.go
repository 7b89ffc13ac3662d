package main

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/gatewaytest"
)

func TestLogForPeople(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(newConsole(&b, slog.LevelInfo, false)).With("a", 1).WithGroup("g")
	log.Debug("hidden")
	log.Warn("refused", "text", `a "b"`, "took", 1234567*time.Nanosecond, "empty", "", slog.Group("in", "n", 1), "stack", "line 1\nline 2")
	_, line, _ := strings.Cut(b.String(), " ")
	if want := "refused    a=1 g.text=\"a \\\"b\\\"\" g.took=1.23ms g.empty=\"\" g.in.n=1 g.stack=\"line 1\\nline 2\"\n"; line != want {
		t.Errorf("logged %q\nwant   %q", line, want)
	}
	b.Reset()
	slog.New(newConsole(&b, slog.LevelInfo, true)).Error("boom")
	if !strings.Contains(b.String(), "\x1b[31mboom") {
		t.Errorf("logged %q, want red", b.String())
	}
}

// TestBodiesAreReadable: messages and replies have lines of their own and are not quoted, but what a terminal would not
// print is escaped.
func TestBodiesAreReadable(t *testing.T) {
	for body, want := range map[string]string{
		`{"action":"echo"}`:                 `{"action":"echo"}`,
		"{\n  \"action\": \"a b\"\n}\n":     `{"action":"a b"}`,
		"{\"x\":\"\u202eevil\u2028\"}":      `{"x":"\u202eevil\u2028"}`,
		"no JSON,\n\x1b[2J\xff\U000e0041 a": `no JSON,\u000a\u001b[2J\xff\udb40\udc41 a`,
		`C:\dir`:                            `C:\dir`,
	} {
		var b bytes.Buffer
		slog.New(newConsole(&b, slog.LevelInfo, false)).Info("MESSAGE", "body", body, "code", 200, "reply", "")
		_, got, _ := strings.Cut(b.String(), " ")
		if want := "MESSAGE    code=200\n    body  " + want + "\n"; got != want {
			t.Errorf("logged %q\nwant   %q", got, want)
		}
	}
}

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
