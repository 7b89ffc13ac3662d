package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// TestDeafMemberOfBusyRoom has four members of a room of 50 speak, twenty lines a second in all, and then again while
// one of the others does not take what it is sent. A relay that waited for that one, half a second each time, would send
// frames of ten lines: so how many posts the rest gets tells whether it was slowed, on a busy machine as well. A few times
// it does wait, to learn whether that one is still deaf. Everybody else has each line once, in frames that ascend from one
// to the next, since no relay dies.
func TestDeafMemberOfBusyRoom(t *testing.T) {
	const members, lines, most = 50, 60, 30
	for name, deafen := range map[string]func(*testing.T, *server, *watch, *client){
		"one that stops reading": stopReading, "one whose posts hang": hangPosts,
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, "-q")
			w := watchPosts(s)
			room := newRoom()
			deaf := dial(t, s.url+"?user=deaf")
			deaf.ask("ack", `{"action":"join","room":%q}`, room)
			others := make([]*member, members-1)
			for i := range others {
				others[i] = newMember(dial(t, s.url), room)
			}
			before := talk(t, others, room, lines, lines)
			deafen(t, s, w, deaf)
			after := talk(t, others, room, lines, 2*lines)
			t.Logf("%d lines took %d posts to %d members, and %d beside one that is deaf, who got %d", lines, before, members-1, after, w.posts.Load())
			if after < before/3 {
				t.Errorf("the deaf member slowed the room: %d posts to the others, %d without it", after, before)
			}
			if n := w.posts.Load(); n == 0 || n > most {
				t.Errorf("%d posts to the deaf client, want 1 to %d", n, most)
			}
			deaf.Conn.Close()
		})
	}
}

// talk lets the first four speak in turn, twenty lines a second in all, until everybody has all lines up to a number. It
// returns how many frames the members were posted.
func talk(t *testing.T, members []*member, room string, lines, last int) (frames int) {
	for _, m := range members {
		frames -= m.posted()
	}
	for i := range lines {
		time.Sleep(50 * time.Millisecond) // The pace of those who speak, which nothing waits for.
		members[i%4].Send(fmt.Sprintf(`{"action":"say","room":%q,"data":%d}`, room, i))
	}
	for _, m := range members {
		wait(t, func() bool { return m.has(last) })
		frames += m.posted()
	}
	return frames
}

// member is in a room and keeps what it gets.
type member struct {
	*client
	room string

	mu     sync.Mutex // Guards what follows.
	frames int
	latest float64            // The last number that a frame had.
	log    map[float64]string // Message ids by number.
	wants  int                // Up to which number it is looked at.
	asked  time.Time          // When that began, or it asked for what it lacks.
}

// newMember joins the room.
func newMember(c *client, room string) *member {
	c.ask("ack", `{"action":"join","room":%q}`, room)
	m := &member{client: c, room: room, log: map[float64]string{}}
	go func() {
		for {
			text, err := m.Read(time.Minute)
			if err != nil {
				return
			}
			m.take(text)
		}
	}()
	return m
}

// take keeps the lines of a frame, of a page, or the place of its own.
func (m *member) take(text string) {
	var got struct {
		Type      string
		Messages  []any
		Seq       float64
		MessageID string
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		m.T.Errorf("received %s: %v", text, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch got.Type {
	case "messages":
		m.frames++
		first, last := ends(got.Messages)
		if !ascends(got.Messages) || first <= m.latest {
			m.T.Errorf("after number %v came a frame that does not ascend: %s", m.latest, text)
		}
		m.latest = last
	case "ack":
		m.keep(got.Seq, got.MessageID)
	}
	for _, entry := range got.Messages {
		seq, _ := entry.(map[string]any)["seq"].(float64)
		id, _ := entry.(map[string]any)["messageId"].(string)
		m.keep(seq, id)
	}
}

// ends are the first and the last number of entries.
func ends(entries []any) (first, last float64) {
	for _, e := range entries {
		last, _ = e.(map[string]any)["seq"].(float64)
		if first == 0 {
			first = last
		}
	}
	return first, last
}

// keep drops what the member has. m.mu is held.
func (m *member) keep(seq float64, id string) {
	if known, ok := m.log[seq]; ok && known != id {
		m.T.Errorf("number %v is %s and %s", seq, known, id)
	}
	m.log[seq] = id
}

func (m *member) posted() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.frames
}

// has tells whether the member has exactly the lines up to a number. What it lacks it asks for after a second, as clients
// do, for a post can fail on a busy machine.
func (m *member) has(last int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wants != last {
		m.wants, m.asked = last, time.Now()
	}
	if len(m.log) < last && time.Since(m.asked) > time.Second {
		m.asked = time.Now()
		m.T.Logf("a member had %d of %d lines and asks for the rest", len(m.log), last)
		_ = ws.WriteFrame(m.Conn, ws.MaskFrame(ws.NewTextFrame(fmt.Appendf(nil, `{"action":"history","room":%q,"after":%d}`, m.room, max(0, last-100)))))
	}
	return len(m.log) == last
}
