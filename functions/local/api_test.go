package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/domain"
)

// TestAPI is what the API promises its clients, over real sockets: on this machine, or at the stage whose URL is in
// WSECHO_URL.
func TestAPI(t *testing.T) {
	url := os.Getenv("WSECHO_URL")
	if url == "" {
		url = startServer(t).url
	}
	t.Run("echo answers its sender alone", func(t *testing.T) { echoAnswersSender(t, url) })
	t.Run("a broadcast reaches everybody else once", func(t *testing.T) { broadcastReachesOthers(t, url) })
	t.Run("a broadcast while a member vanishes", func(t *testing.T) { broadcastWhileVanishing(t, url) })
	t.Run("a repeated broadcast has the same message id", func(t *testing.T) { broadcastRepeated(t, url) })
	t.Run("many messages at once are all answered", func(t *testing.T) { manyAtOnce(t, url) })
	t.Run("a claimed name is checked", func(t *testing.T) { claimedName(t, url) })
	t.Run("the subprotocol", func(t *testing.T) { subprotocolIsAccepted(t, url) })
	t.Run("bad messages", func(t *testing.T) { badMessages(t, url) })
	t.Run("rooms", func(t *testing.T) { chatInRooms(t, url) })
	t.Run("three users, one with two devices", func(t *testing.T) { severalDevices(t, url) })
	t.Run("frames beyond the limits close", func(t *testing.T) { closingFrames(t, url) })
}

func echoAnswersSender(t *testing.T, url string) {
	ada, bystander := dial(t, url+"?user=ada"), dial(t, url)
	before := time.Now()
	ada.Send(`{"action":"echo","id":"1","data":{"x":1,"html":"<b>&\u2028"},"unknown":true}`)
	got := ada.receive("echo")
	if got["id"] != "1" || fmt.Sprint(got["data"]) != "map[html:<b>&\u2028 x:1]" {
		t.Errorf("echo = %v", got)
	}
	info := got["connection"].(map[string]any)
	if info["user"] != "ada" || info["stage"] == "" || info["connectionId"] == "" || info["requestId"] == "" {
		t.Errorf("connection information = %v", info)
	}
	connectedAt, err := time.Parse("2006-01-02T15:04:05.000Z", info["connectedAt"].(string))
	if err != nil || connectedAt.Sub(before).Abs() > time.Minute {
		t.Errorf("connectedAt = %v, %v", info["connectedAt"], err)
	}
	bystander.echoes()
	bystander.Send(`{"action":"echo"}`)
	got = bystander.receive("echo")
	info = got["connection"].(map[string]any)
	if _, has := got["data"]; has || info["user"] != "anon-"+info["connectionId"].(string) {
		t.Errorf("echo of an anonymous client without data = %v", got)
	}
}

func broadcastReachesOthers(t *testing.T, url string) {
	sender := dial(t, url+"?user=ada")
	others := []*client{dial(t, url), dial(t, url+"?user=bob"), dial(t, url)}
	sender.Send(`{"action":"broadcast","id":"2","data":[1,"zwei",null]}`)
	ack := sender.receive("ack")
	if ack["id"] != "2" || ack["queued"] != false || ack["sent"].(float64) < 3 || ack["failed"] != 0.0 {
		t.Errorf("ack = %v", ack)
	}
	for _, other := range others {
		got := other.receive("broadcast")
		if got["messageId"] != ack["messageId"] || fmt.Sprint(got["data"]) != "[1 zwei <nil>]" ||
			got["from"].(map[string]any)["user"] != "ada" || got["at"] == "" {
			t.Errorf("broadcast = %v", got)
		}
	}
	for _, c := range append(others, sender) {
		c.echoes()
	}
}

func broadcastWhileVanishing(t *testing.T, url string) {
	sender, stays := dial(t, url), dial(t, url)
	for range 5 {
		dial(t, url).Conn.Close()
	}
	sender.Send(`{"action":"broadcast","id":"v","data":"still here"}`)
	if got := stays.receive("broadcast"); got["data"] != "still here" {
		t.Errorf("broadcast = %v", got)
	}
	if ack := sender.receive("ack"); ack["failed"] != 0.0 {
		t.Errorf("ack = %v", ack)
	}
}

func broadcastRepeated(t *testing.T, url string) {
	sender, other := dial(t, url+"?user=ada"), dial(t, url)
	for range 2 {
		sender.Send(`{"action":"broadcast","data":1,"key":"0123456789abcdef"}`)
	}
	first, second := other.receive("broadcast"), other.receive("broadcast")
	if first["messageId"] != second["messageId"] {
		t.Errorf("message ids %v and %v", first["messageId"], second["messageId"])
	}
}

func manyAtOnce(t *testing.T, url string) {
	c := dial(t, url)
	const n = 50
	open := map[string]bool{}
	for i := range n {
		id := fmt.Sprint("m", i)
		open[id] = true
		c.Send(fmt.Sprintf(`{"action":"echo","id":%q,"data":%d}`, id, i))
	}
	for range n {
		delete(open, c.receive("echo")["id"].(string))
	}
	if len(open) > 0 {
		t.Errorf("unanswered: %v", open)
	}
}

func claimedName(t *testing.T, url string) {
	for _, name := range []string{"anon-x", "-ada", "a%20b", strings.Repeat("a", 65), "%C3%A4da"} {
		gatewaytest.Refused(t, http.StatusForbidden, url+"?user="+name)
	}
}

func subprotocolIsAccepted(t *testing.T, url string) {
	if os.Getenv("WSECHO_EMULATED") != "" {
		t.Skip("this emulated service never returns a subprotocol")
	}
	c := dial(t, url, "Sec-WebSocket-Protocol: other, wsecho.v1")
	if got := c.Response.Header.Get("Sec-WebSocket-Protocol"); got != "wsecho.v1" {
		t.Errorf("the accepted subprotocol is %q", got)
	}
}

// badMessages sends what must be refused with an error frame, each followed by proof that the connection still works.
func badMessages(t *testing.T, url string) {
	deep := func(n int) string {
		return `{"action":"echo","data":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	tests := []struct{ name, message, code string }{
		{"not JSON", "hello", "invalid_json"},
		{"cut off", `{"action":"echo"`, "invalid_json"},
		{"unquoted key, routed all the same by AWS", `{action:"echo"}`, "invalid_json"},
		{"an array", `["echo"]`, "bad_request"},
		{"a number", `5`, "bad_request"},
		{"null", `null`, "bad_request"},
		{"no action", `{"data":1}`, "bad_request"},
		{"action is a number", `{"action":5}`, "bad_request"},
		{"action is null", `{"action":null}`, "bad_request"},
		{"unknown action", `{"action":"nope"}`, "unknown_action"},
		{"empty action", `{"action":""}`, "unknown_action"},
		{"other case", `{"action":"Echo"}`, "unknown_action"},
		{"AWS's own route", `{"action":"$connect"}`, "unknown_action"},
		{"action of 30,000 <", `{"action":"` + strings.Repeat("<", 30000) + `"}`, "unknown_action"},
		{"65 levels", deep(65), "bad_request"},
		{"10,000 levels", deep(10000), "bad_request"},
		{"id is a number", `{"action":"echo","id":1}`, "bad_request"},
		{"id is too long", `{"action":"echo","id":"` + strings.Repeat("x", 65) + `"}`, "bad_request"},
		{"a key twice", `{"action":"echo","data":1,"data":2}`, "bad_request"},
		{"broadcast without data", `{"action":"broadcast"}`, "bad_request"},
		{"a short key", `{"action":"broadcast","data":1,"key":"short"}`, "bad_request"},
	}
	c := dial(t, url)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := c.in(t)
			c.Send(test.message)
			wantError(t, c.receive("error"), test.code)
			c.echoes()
		})
	}
	t.Run("64 levels are fine", func(t *testing.T) {
		c := c.in(t)
		c.Send(deep(64))
		c.receive("echo")
	})
	t.Run("a frame of 32 KB with < does not swell", func(t *testing.T) { swelling(t, c.in(t)) })
	t.Run("data over 32 KB in several frames", func(t *testing.T) { largeData(t, c.in(t)) })
	t.Run("the error has the id of its message", func(t *testing.T) {
		c := c.in(t)
		for _, message := range []string{
			`{"action":"nope","id":"77"}`, `{"id":"77"}`, `{"action":5,"id":"77"}`, `{"action":"echo","data":1,"data":2,"id":"77"}`,
			`{"action":"broadcast","id":"77"}`, strings.TrimSuffix(deep(65), "}") + `,"id":"77"}`, strings.TrimSuffix(deep(10000), "}") + `,"id":"77"}`,
		} {
			c.Send(message)
			if got := c.receive("error"); got["id"] != "77" {
				t.Errorf("%.100s: error = %v", message, got)
			}
		}
	})
}

func wantError(t *testing.T, got map[string]any, code string) {
	t.Helper()
	if got["code"] != code || got["message"] == "" || got["retryable"] != false || got["connectionId"] == "" || got["requestId"] == "" {
		t.Errorf("got %v, want code %s", got, code)
	}
	if text, _ := domain.Encode(got); len(text) > 1000 {
		t.Errorf("the error has %d bytes", len(text))
	}
}

func swelling(t *testing.T, c *client) {
	const frame = 32 << 10
	head, tail := `{"action":"echo","data":"`, `"}`
	c.Send(head + strings.Repeat("<", frame-len(head)-len(tail)) + tail)
	if text := c.Message(); len(text) > frame+1000 {
		t.Errorf("a message of %d bytes came back as %d", frame, len(text))
	}
}

func largeData(t *testing.T, c *client) {
	for n, want := range map[int]string{32 << 10: "echo", 32<<10 + 1: "error"} {
		message := `{"action":"echo","data":"` + strings.Repeat("x", n-2) + `"}`
		c.Fragments([]byte(message), 20000)
		if got := c.receive(want); want == "error" {
			wantError(t, got, "payload_too_large")
		}
	}
}

// closingFrames sends what closes the connection, with the code that AWS documents.
func closingFrames(t *testing.T, url string) {
	if os.Getenv("WSECHO_EMULATED") != "" {
		t.Skip("this emulated service has none of AWS's limits")
	}
	tests := []struct {
		name  string
		frame ws.Frame
		code  int
	}{
		{"a frame over 32 KB", ws.NewTextFrame(make([]byte, 32<<10+1)), 1009},
		{"a binary frame", ws.NewBinaryFrame([]byte{1}), 1003},
		{"invalid UTF-8", ws.NewTextFrame([]byte{0xff, 0xfe}), 1007},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, url)
			c.Raw(test.frame)
			if code, _ := c.Closed(); code != test.code {
				t.Errorf("closed with %d, want %d", code, test.code)
			}
		})
	}
}
