package main

import (
	"crypto/rand"
	"fmt"
	"testing"
)

// newRoom returns the name of a room that no other run uses.
func newRoom() string {
	return "room-" + rand.Text()
}

// ask sends a message and returns the reply to it; pushes that come before are put aside.
func (c *client) ask(kind, format string, args ...any) map[string]any {
	c.t.Helper()
	c.send(fmt.Sprintf(format, args...))
	return c.receive(kind)
}

func chatInRooms(t *testing.T, url string) {
	r := newRoom()
	ada, bob := dial(t, url+"?user=ada"), dial(t, url+"?user=bob")
	joined := ada.ask("ack", `{"action":"join","id":"1","room":%q}`, r)
	if joined["seq"] != 0.0 || joined["epoch"] != "" || joined["recovered"] != false || fmt.Sprint(joined["members"]) != "[map[connections:1 user:ada]]" {
		t.Errorf("join of an empty room = %v", joined)
	}
	bob.ask("ack", `{"action":"join","room":%q}`, r)
	if got := ada.receive("joined"); got["user"] != "bob" || got["room"] != r {
		t.Errorf("joined = %v", got)
	}
	said := ada.ask("ack", `{"action":"say","room":%q,"data":"one"}`, r)
	message := bob.receive("message")
	if said["seq"] != 1.0 || message["seq"] != 1.0 || message["epoch"] != said["epoch"] || message["data"] != "one" || message["messageId"] != said["messageId"] {
		t.Errorf("said %v, got %v", said, message)
	}
	for i := range 3 {
		bob.ask("ack", `{"action":"say","room":%q,"data":%d}`, r, i)
		ada.receive("message")
	}
	page := ada.ask("history", `{"action":"history","room":%q,"after":1,"limit":2}`, r)
	if got := seqs(page); got != "[2 3]" || page["more"] != true {
		t.Errorf("history after 1 = %v", page)
	}
	page = ada.ask("history", `{"action":"history","room":%q,"before":3}`, r)
	if got := seqs(page); got != "[1 2]" || page["more"] != false {
		t.Errorf("history before 3 = %v", page)
	}
	bob.conn.Close()
	if got := ada.receive("left"); got["user"] != "bob" {
		t.Errorf("left = %v", got)
	}
	ada.ask("ack", `{"action":"say","room":%q,"data":"five"}`, r)
	back := dial(t, url+"?user=bob")
	resumed := back.ask("ack", `{"action":"join","room":%q,"epoch":%q,"after":4}`, r, said["epoch"])
	if seqs(resumed) != "[5]" || resumed["recovered"] != true {
		t.Errorf("resumed = %v", resumed)
	}
	pong := back.ask("pong", `{"action":"ping","rooms":[%q]}`, r)
	if fmt.Sprint(pong["rooms"]) != fmt.Sprintf("map[%s:map[epoch:%s seq:5]]", r, said["epoch"]) {
		t.Errorf("pong = %v", pong)
	}
}

// seqs lists the numbers of a page's messages.
func seqs(page map[string]any) string {
	var all []any
	for _, m := range page["messages"].([]any) {
		all = append(all, m.(map[string]any)["seq"])
	}
	return fmt.Sprint(all)
}
