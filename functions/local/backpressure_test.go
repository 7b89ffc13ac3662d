package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

// TestDeafClients ask for a room's history again and again and never read: each costs little, and the others nothing.
func TestDeafClients(t *testing.T) {
	const clients, requests, most = 10, 400, 100 << 20
	s := startServer(t, "-q")
	ada, room := dial(t, s.url+"?user=ada"), newRoom()
	ada.ask("ack", `{"action":"join","room":%q}`, room)
	for range 15 {
		ada.ask("ack", `{"action":"say","room":%q,"data":%q}`, room, strings.Repeat("x", 30_000))
	}
	before := leaktest.Heap()
	for range clients {
		c := dial(t, s.url)
		c.ask("ack", `{"action":"join","room":%q}`, room)
		ask := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(fmt.Appendf(nil, `{"action":"history","room":%q}`, room))))
		if _, err := c.Conn.Write([]byte(strings.Repeat(string(ask), requests))); err != nil {
			t.Fatal(err)
		}
	}
	grown := leaktest.Heap() - before
	for settled := false; !settled && grown < most; { // Until the program has done all that it will.
		time.Sleep(200 * time.Millisecond)
		now := leaktest.Heap() - before
		settled, grown = now <= grown+1<<20, max(grown, now)
	}
	t.Logf("%d clients that do not read made the program grow by %d MB", clients, grown>>20)
	if grown > most {
		t.Errorf("it grew by more than %d MB", most>>20)
	}
	dial(t, s.url).echoes()
}
