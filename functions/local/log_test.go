package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/gatewaytest"
)

// TestNothingUnprintableInLogs: whatever a client sends, a terminal gets no escape sequence, no line of its own and no
// character that hides or turns others.
func TestNothingUnprintableInLogs(t *testing.T) {
	const nasty = "\u009b31m\u202eevil\u2028\u00a0\u200b"
	for _, format := range []string{"-json", "-json=false"} {
		var log gatewaytest.Buffer
		s := startLogging(t, &log, "-v", format)
		for _, request := range []string{
			lines("GET /%1b%5d0;evil%07%0a12:00:00.000%20CONNECT HTTP/1.1", "Host: localhost"),
			lines("GET /dev/"+nasty+" HTTP/1.1", "Host: localhost"),
			lines("GET / HTTP/1.1", "Host: "+strings.Repeat("%1b[31m", 3)),
			upgradeLines("localhost", "User-Agent: "+nasty, "Origin: "+nasty),
			postLines("/dev/@connections/%1b%5b2J", "localhost", nasty),
			postLines("/push", "localhost", `{"v":1,"audience":"room:\u001b[2J","message":1}`, asJSON),
		} {
			raw(t, hostOf(s), request)
		}
		c := dial(t, s.url+"?user=ada")
		for _, message := range []string{`{"action":"` + nasty + `"}`, `{"action":"echo","` + nasty + `":"` + nasty + `"}`, "{\"\x1b[2J", "\r\n\x07"} {
			c.Send(message)
			c.Message()
		}
		c.Raw(ws.NewCloseFrame(ws.NewCloseFrameBody(4000, "\x1b[2J"+nasty)))
		c.Closed()
		stop(t, s)
		for line := range strings.Lines(log.String()) {
			line = strings.TrimSuffix(line, "\n")
			if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%s: the log has %q", format, line[i:])
			}
			if format == "-json" && !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		if !strings.Contains(log.String(), "evil") || format == "-json" && !strings.Contains(log.String(), `\u202eevil`) {
			t.Errorf("%s: the log has nothing of it:\n%s", format, &log)
		}
	}
}

// TestPagesAreNotForOthers: no foreign page may load what the program serves.
func TestPagesAreNotForOthers(t *testing.T) {
	s := startServer(t)
	for _, path := range []string{"/", "/chat.js", "/icon.svg", "/elsewhere", "/dev"} {
		_, header, _ := raw(t, hostOf(s), lines("GET "+path+" HTTP/1.1", "Host: localhost"))
		if got := header.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
			t.Errorf("GET %s has the policy %q", path, got)
		}
	}
	_, header, _ := raw(t, hostOf(s), lines("GET / HTTP/1.1", "Host: localhost"))
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the page can be framed")
	}
}
