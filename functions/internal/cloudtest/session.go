package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// settling is how long to wait for what should not come.
const settling = time.Second

// testWscat lets two people with wscat talk over the deployed stage, and another service talk to both.
func (s stack) testWscat(ctx context.Context, log io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url, err := s.url(ctx, log)
	if err != nil {
		return err
	}
	c := s.session(ctx, log)
	defer c.close()
	ada, bob := c.join("ada", url+"?user=ada"), c.join("bob", url)

	c.say(ada, `{"action":"echo","id":"e1","data":1}`)
	c.hears(ada, message{Type: "echo", ID: "e1", Data: 1.0})
	c.say(ada, `{"action":"broadcast","id":"b1","data":"hello"}`)
	c.hears(ada, message{Type: "ack", ID: "b1", Sent: 1})
	c.hears(bob, message{Type: "broadcast", Data: "hello"})
	c.hearNothing()

	c.do(func() error { return s.push(ctx, log, "everyone", `"tea is ready"`) })
	c.hears(ada, message{Type: "push", Data: "tea is ready"})
	c.hears(bob, message{Type: "push", Data: "tea is ready"})
	c.hearNothing()

	c.say(bob, `{"action":"join","id":"j1","room":"kitchen"}`)
	c.hears(bob, message{Type: "ack", ID: "j1", Messages: []line{}})
	c.do(func() error { return s.push(ctx, log, "room:kitchen", `"and cake"`) })
	c.hears(bob, message{Type: "push", Data: "and cake"})
	c.hearNothing()

	c.say(ada, `{"action":"join","id":"j2","room":"kitchen"}`)
	c.hears(ada, message{Type: "ack", ID: "j2", Messages: []line{}})
	c.hears(bob, message{Type: "joined", User: "ada"})
	c.say(bob, `{"action":"say","id":"s1","room":"kitchen","data":"who?"}`)
	c.hears(bob, message{Type: "ack", ID: "s1"})
	c.hears(ada, message{Type: "messages", Messages: []line{{1, "who?"}}})
	c.hearNothing()

	// Who comes by hands the room to the worker; whoever spoke does not get what it said.
	c.do(func() error { return s.abandon(ctx, log, "kitchen") })
	c.say(bob, `{"action":"ping","id":"p1","rooms":["kitchen"]}`)
	c.hears(bob, message{Type: "pong", ID: "p1"})
	c.hears(ada, message{Type: "messages", Messages: []line{{1, "who?"}}})
	c.hearNothing()
	return c.err
}

func (s stack) session(ctx context.Context, log io.Writer) *session {
	return &session{ctx: ctx, log: log, program: filepath.Join(s.tools, "wscat", "node_modules", ".bin", "wscat")}
}

// message is what a session looks at in what clients get.
type message struct {
	Type, ID string
	User     string
	Data     any
	Sent     int
	Messages []line
}

// line is one of a room.
type line struct {
	Seq  int
	Data any
}

// session is a conversation that ends at the first thing that goes wrong, which is err.
type session struct {
	ctx     context.Context
	log     io.Writer
	program string
	clients []*wscat
	err     error
}

// do does something, unless the session has ended.
func (s *session) do(something func() error) {
	if s.err == nil {
		s.err = something()
	}
}

// join brings in a client that is connected.
func (s *session) join(name, url string, options ...string) (w *wscat) {
	s.do(func() (err error) {
		if w, err = startWscat(s.ctx, s.log, s.program, name, url, options...); err != nil {
			return err
		}
		s.clients = append(s.clients, w)
		return w.connected(s.ctx)
	})
	return w
}

// refused shows that a client does not get in.
func (s *session) refused(url string, status int, options ...string) {
	s.do(func() error {
		var said bytes.Buffer
		c := command(s.ctx, io.MultiWriter(s.log, &said), s.program, append([]string{"-c", url}, options...)...)
		// It has to stay open, or wscat leaves before it is refused.
		keyboard, err := c.StdinPipe()
		if err != nil {
			return err
		}
		defer keyboard.Close()
		if want := fmt.Sprint("Unexpected server response: ", status); complete(c) == nil || !strings.Contains(said.String(), want) {
			return fmt.Errorf("a client that should be refused saw %q, want %q", said.String(), want)
		}
		return nil
	})
}

func (s *session) say(w *wscat, line string) {
	s.do(func() error { w.say(line); return nil })
}

// hears waits for the next message that a client gets, which has to be as wanted. Late answers to what it asked to
// see whether it is connected do not count.
func (s *session) hears(w *wscat, want message) {
	s.do(func() error {
		for {
			select {
			case line := <-w.screen:
				var got message
				_ = json.Unmarshal([]byte(line), &got)
				if got.ID == "ready" {
					continue
				}
				if !reflect.DeepEqual(got, want) {
					return fmt.Errorf("%s got %q, want %+v", w.name, line, want)
				}
				return nil
			case <-s.ctx.Done():
				return fmt.Errorf("%s waits for %+v: %w", w.name, want, s.ctx.Err())
			}
		}
	})
}

// hearNothing shows that nobody got anything that was not heard yet: after a while, the next thing that each gets is
// the answer to a question of its own.
func (s *session) hearNothing() {
	if s.err == nil {
		time.Sleep(settling)
	}
	for _, w := range s.clients {
		s.say(w, `{"action":"echo","id":"last","data":"?"}`)
		s.hears(w, message{Type: "echo", ID: "last", Data: "?"})
	}
}

func (s *session) close() {
	for _, w := range s.clients {
		w.close()
	}
}
