package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPush(t *testing.T) {
	s := startServer(t, "-q")
	base := "http://" + hostOf(s)
	room := newRoom()
	ada, bob := dial(t, s.url+"?user=ada"), dial(t, s.url+"?user=bob")
	bob.ask("ack", `{"action":"join","room":%q}`, room)
	tests := []struct {
		audience string
		hear     []*client
	}{{"everyone", []*client{ada, bob}}, {"user:ada", []*client{ada}}, {"room:" + room, []*client{bob}}}
	for _, test := range tests {
		status, id := postPush(t, base, fmt.Sprintf(`{"v":1,"audience":%q,"message":{"n":1}}`, test.audience))
		if status != http.StatusAccepted {
			t.Errorf("%s: %d %s", test.audience, status, id)
		}
		for _, c := range test.hear {
			got := c.receive("push")
			if got["messageId"] != id || got["audience"] != test.audience || fmt.Sprint(got["data"]) != "map[n:1]" {
				t.Errorf("push = %v", got)
			}
		}
		ada.echoes()
		bob.echoes()
	}
	for _, bad := range []string{``, `{}`, `{"v":2,"audience":"everyone","message":1}`, `{"v":1,"audience":"nobody","message":1}`, `{"v":1,"audience":"everyone","message":1,"span":"x"}`,
		`{"v":1,"audience":"everyone","wire":{},"messageId":"m","members":[{"id":"x"}]}`} {
		if status, text := postPush(t, base, bad); status != http.StatusBadRequest || text == "" {
			t.Errorf("%s: %d %s", bad, status, text)
		}
	}
}

func postPush(t testing.TB, base, body string) (status int, text string) {
	t.Helper()
	response, err := http.Post(base+"/push", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	return response.StatusCode, strings.TrimSpace(string(answer))
}
