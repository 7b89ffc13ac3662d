package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"wsecho/adapters/client"
)

// speaker is a Go client that speaks in a room, over connections that chance breaks.
type speaker struct {
	run    *run
	name   string
	room   string
	chance *rand.Rand
	client *client.Client
	joined *client.Room

	mu    sync.Mutex // Guards what follows.
	conn  *fragile   // The last one.
	kicks int
	log   []client.Message // What it was told, in order.
	acked map[int64]string // What it said, by number.
}

// fragile is a connection that can be made to break behind what is sent next.
type fragile struct {
	net.Conn
	breaks atomic.Bool
}

// Write implements net.Conn.
func (f *fragile) Write(b []byte) (int, error) {
	n, err := f.Conn.Write(b)
	if f.breaks.Load() {
		f.Close()
	}
	return n, err
}

// newSpeaker connects a client and lets it join a room.
func (r *run) newSpeaker(ctx context.Context, n int) (*speaker, error) {
	s := &speaker{
		run: r, name: fmt.Sprintf("%s-client-%d", r.act.name, n), room: r.room(n % r.size.rooms),
		chance: r.chance("client", n), acked: map[int64]string{},
	}
	o := client.Options{
		Token:   func(context.Context) (string, error) { return r.issuer.token(s.name, inAWhile()) },
		Timeout: 5 * time.Second, Ping: 5 * time.Second, MaxWait: 200 * time.Millisecond, NetDial: s.dial,
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var err error
		if s.client, err = client.Dial(ctx, r.url, o); err == nil {
			break
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return nil, err
		}
	}
	var err error
	s.joined, err = s.client.Join(ctx, s.room)
	return s, err
}

func (s *speaker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = &fragile{Conn: conn}
	return s.conn, nil
}

// listen takes the room's messages, which must ascend without a cut, until the client is closed.
func (s *speaker) listen(ctx context.Context) {
	last := int64(0)
	for m, err := range s.joined.Messages(ctx) {
		if err != nil {
			return
		}
		if m.Seq <= last || m.Cut {
			s.run.violated(s.room, "%s was told number %d (cut: %v) after %d", s.name, m.Seq, m.Cut, last)
			return
		}
		last = m.Seq
		s.mu.Lock()
		s.log = append(s.log, m)
		s.mu.Unlock()
	}
}

// speak says lines, and is kicked now and then.
func (s *speaker) speak(ctx context.Context, lines, kicks int) {
	kickAt := map[int]int{}
	for range kicks {
		kickAt[s.chance.IntN(lines)]++
	}
	for i := range lines {
		for range kickAt[i] {
			s.kick()
		}
		text := fmt.Sprintf("%s says %d", s.name, i)
		place, err := s.say(ctx, text)
		if err != nil {
			s.run.violated(s.room, "%s cannot say its line %d: %v", s.name, i, err)
			return
		}
		s.run.note(s.room, s.name, "was acknowledged %d for %q", place.Seq, text)
		s.mu.Lock()
		s.acked[place.Seq] = text
		s.mu.Unlock()
		s.run.count(func(c *counts) { c.lines++ })
	}
}

// say says a line until it is acknowledged.
func (s *speaker) say(ctx context.Context, text string) (client.Place, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.joined.Say(ctx, text)
}

// kick breaks the connection, at once or behind what is sent next.
func (s *speaker) kick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kicks++
	s.run.count(func(c *counts) { c.kicks++ })
	how := "at once"
	if s.chance.Float64() < 0.5 {
		how = "behind its next frame"
		s.conn.breaks.Store(true)
	} else {
		s.conn.Close()
	}
	s.run.note(s.room, s.name, "is kicked %s", how)
}

// told is what it was told so far: texts by number.
func (s *speaker) told() map[int64]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[int64]string{}
	for _, m := range s.log {
		all[m.Seq] = unquoted(m.Data)
	}
	return all
}

// unquoted is the text that data is.
func unquoted(data json.RawMessage) (text string) {
	if json.Unmarshal(data, &text) != nil {
		return string(data)
	}
	return text
}

// count counts what was done.
func (r *run) count(what func(*counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what(&r.counts)
}
