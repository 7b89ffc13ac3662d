package main

import (
	"fmt"
	"net/http"
	"testing"

	"wsecho/adapters/gateway/gatewaytest"
)

// TestMessagesPerMinute sends with the two connections of one user, each way of reaching others, up to the limit.
func TestMessagesPerMinute(t *testing.T) {
	s := startServer(t, "-q", "-messages-per-minute", "4")
	phone, laptop, other := dial(t, s.url+"?user=ada"), dial(t, s.url+"?user=ada"), dial(t, s.url)
	room := newRoom()
	phone.ask("ack", `{"action":"join","room":%q}`, room)
	sends := []string{
		`{"action":"broadcast","data":1}`, fmt.Sprintf(`{"action":"say","room":%q,"data":1}`, room),
		`{"action":"tell","to":{"user":"ada"},"data":1}`,
	}
	refused := 0
	for i := range 12 { // Even if a minute ends meanwhile, no more than eight can pass.
		phone.Send(sends[i%3])
		if reply := phone.reply(); reply["type"] == "error" {
			refused++
			wait, _ := reply["details"].(map[string]any)["retryAfterMs"].(float64)
			if reply["code"] != "rate_limited" || reply["retryable"] != true || wait < 1 || wait > 60001 {
				t.Errorf("refused with %v", reply)
			}
		}
	}
	if refused < 4 {
		t.Errorf("%d of 12 were refused", refused)
	}
	laptop.Send(`{"action":"broadcast","data":1}`)
	if reply := laptop.reply(); refused == 8 && reply["code"] != "rate_limited" {
		t.Errorf("the other connection of the user got %v", reply)
	}
	other.Send(`{"action":"broadcast","data":1}`)
	if reply := other.reply(); reply["type"] != "ack" {
		t.Errorf("somebody else got %v", reply)
	}
}

func TestConnectionsPerUser(t *testing.T) {
	s := startServer(t, "-q", "-connections-per-user", "2")
	for range 2 {
		dial(t, s.url+"?user=ada")
	}
	gatewaytest.Refused(t, http.StatusTooManyRequests, s.url+"?user=ada")
	dial(t, s.url+"?user=bob")
	for range 3 {
		dial(t, s.url)
	}
}
