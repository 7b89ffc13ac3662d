package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// member is somebody in the room. What it notes is its reader's, until that has ended.
type member struct {
	talk   *talk
	number int
	client *client

	has   []bool         // Lines that it got.
	acked []bool         // Its own lines.
	knows map[place]bool // Of the room's log.
	epoch string         // The one that it heard of last.

	took, acks      []time.Duration // For the lines of others, and for answers to its own.
	frames, entries int
	doubled         int
	dropped         int
	errors          int
	last            time.Time // When the last frame came.
}

// place is where something stands in a room's log.
type place struct {
	epoch string
	seq   int64
}

func newMember(t *talk, number int, c *client) *member {
	return &member{talk: t, number: number, client: c, has: make([]bool, t.lines), acked: make([]bool, t.lines), knows: map[place]bool{}}
}

// join enters the room. Others that join may be announced before the answer.
func (m *member) join() error {
	if err := m.client.send(message(fmt.Sprintf(`{"action":"join","id":"join","room":%q}`, m.talk.Room))); err != nil {
		return err
	}
	for {
		text, err := m.client.receive()
		if err != nil {
			return err
		}
		switch r, err := parseReply(text); {
		case err != nil:
			return err
		case r.Type == "ack":
			return nil
		case r.failed():
			return fmt.Errorf("a join was answered %s", text)
		}
	}
}

// speak says every line that is the member's, at its time.
func (m *member) speak(ctx context.Context) error {
	for line := m.number; line < m.talk.lines; line += m.talk.speakers() {
		if err := pause(ctx, time.Until(m.talk.due(line))); err != nil {
			return err
		}
		say := fmt.Sprintf(`{"action":"say","id":"%d","room":%q,"data":{"line":%d,"text":"%s"}}`, line, m.talk.Room, line, echoText)
		if err := m.client.send(message(say)); err != nil {
			return err
		}
	}
	return nil
}

// read notes what comes, until the connection is closed on this side.
func (m *member) read() error {
	for {
		text, err := m.client.receive()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		now := time.Now()
		m.talk.heard.Store(now.UnixNano())
		if err == nil && isPush(text) {
			m.note(text, now)
		} else if err == nil {
			err = m.hear(text, now)
		}
		if err != nil {
			return fmt.Errorf("member %d: %w", m.number, err)
		}
	}
}

// note takes a frame of the room's log.
func (m *member) note(text []byte, now time.Time) {
	m.frames, m.last = m.frames+1, now
	if epoch := epochOf(text); m.epoch != string(epoch) {
		m.epoch = string(epoch)
	}
	for seq, line := range entriesOf(text) {
		m.entries++
		if m.knows[place{m.epoch, seq}] {
			m.dropped++
			continue
		}
		m.knows[place{m.epoch, seq}] = true
		if line < 0 || line >= len(m.has) { // A void, or not this talk's.
			continue
		}
		if m.has[line] {
			m.doubled++
			continue
		}
		m.has[line] = true
		if m.talk.speaker(line) != m { // Its own it knows by the ack.
			m.took = append(m.took, now.Sub(m.talk.due(line)))
			m.talk.settle()
		}
	}
}

// hear takes what is no line: an answer to one, an error of the gateway, or who joined.
func (m *member) hear(text []byte, now time.Time) error {
	r, err := parseReply(text)
	if err != nil {
		return err
	}
	if r.failed() {
		m.errors++
	}
	if r.Type == "broadcast" {
		m.talk.heralded(r.Data.Number, now)
		return nil
	}
	line, err := strconv.Atoi(r.ID)
	if err != nil || r.Type != "ack" {
		return nil
	}
	if m.acked[line] {
		return fmt.Errorf("line %d is acknowledged twice", line)
	}
	m.acked[line], m.knows[place{r.Epoch, r.Seq}] = true, true
	m.acks = append(m.acks, now.Sub(m.talk.due(line)))
	m.talk.settle()
	return nil
}
