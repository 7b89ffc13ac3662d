package console_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"wsecho/functions/internal/console"
)

func TestLogForPeople(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(console.New(&b, slog.LevelInfo, false)).With("a", 1).WithGroup("g")
	log.Debug("hidden")
	log.Warn("refused", "text", `a "b"`, "took", 1234567*time.Nanosecond, "empty", "", slog.Group("in", "n", 1), "stack", "line 1\nline 2")
	_, line, _ := strings.Cut(b.String(), " ")
	if want := "refused    a=1 g.text=\"a \\\"b\\\"\" g.took=1.23ms g.empty=\"\" g.in.n=1 g.stack=\"line 1\\nline 2\"\n"; line != want {
		t.Errorf("logged %q\nwant   %q", line, want)
	}
	b.Reset()
	slog.New(console.New(&b, slog.LevelInfo, true)).Error("boom")
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
		slog.New(console.New(&b, slog.LevelInfo, false)).Info("MESSAGE", "body", body, "code", 200, "reply", "")
		_, got, _ := strings.Cut(b.String(), " ")
		if want := "MESSAGE    code=200\n    body  " + want + "\n"; got != want {
			t.Errorf("logged %q\nwant   %q", got, want)
		}
	}
}

func TestLinesOfOtherPrograms(t *testing.T) {
	var b bytes.Buffer
	text := "Echo | a\tb \"c\" ü\nEcho | \x1b[2J\xff\r\n"
	if n, err := console.Lines(&b).Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if want := "Echo | a\tb \"c\" ü\nEcho | \\u001b[2J\\xff\\u000d\n"; b.String() != want {
		t.Errorf("wrote %q\nwant  %q", b.String(), want)
	}
}
