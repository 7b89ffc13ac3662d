package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"wsecho/adapters/client"
	"wsecho/functions/internal/escape"
)

// session is one run of a command. Results go to out, one line each, and what happens meanwhile to log.
type session struct {
	options
	token    string
	out, log io.Writer
	pushes   bool // Whether what comes beside the messages of rooms is written too.

	mu sync.Mutex // Held for a line: pushes come while messages do.
}

// line writes one line, in which nothing does anything else to a terminal than show itself.
func (s *session) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.out, escape.Text(fmt.Sprintf(format, args...)))
}

// message writes a message of a room.
func (s *session) message(m client.Message) {
	if m.Cut {
		s.line("-- messages are missing here, and cannot be had any more --")
	}
	s.line("%s %d %s: %s", m.At.Local().Format(time.TimeOnly), m.Seq, m.From.User, shown(m.Data))
}

// push writes what came beside the messages of rooms.
func (s *session) push(p client.Push) {
	at := p.At.Local().Format(time.TimeOnly)
	switch p.Type {
	case "direct", "broadcast":
		s.line("%s %s from %s: %s", at, p.Type, p.From.User, shown(p.Data))
	case "push":
		s.line("%s push to %s: %s", at, p.Audience, shown(p.Data))
	case "joined", "left":
		s.line("-- %s %s %s --", p.User, p.Type, p.Room)
	default:
		s.line("%s", p.Raw)
	}
}

// shown is the text in data, or data as it is.
func shown(data json.RawMessage) string {
	var t text
	if json.Unmarshal(data, &t) == nil && t.Text != "" {
		return t.Text
	}
	var plain string
	if json.Unmarshal(data, &plain) == nil {
		return plain
	}
	return string(data)
}

// dial connects, and tells the log when the connection ends and comes back.
func (s *session) dial(ctx context.Context) (*client.Client, error) { return s.dialAs(ctx, s.name()) }

func (s *session) dialAs(ctx context.Context, user string) (*client.Client, error) {
	broken := false
	o := client.Options{User: user, OnConnection: func(err error) {
		switch {
		case err != nil:
			fmt.Fprintln(s.log, escape.Text(err.Error()))
		case broken:
			fmt.Fprintln(s.log, "connected again")
		}
		broken = err != nil
	}}
	if s.pushes {
		o.OnPush = s.push
	}
	if s.token != "" {
		o.Token = func(context.Context) (string, error) { return s.token, nil }
	}
	return client.Dial(ctx, s.url, o)
}

// join connects and joins a room; leave ends the connection.
func (s *session) join(ctx context.Context, name string) (room *client.Room, leave func(), err error) {
	c, err := s.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	if room, err = c.Join(ctx, name); err != nil {
		c.Close()
		return nil, nil, err
	}
	return room, c.Close, nil
}

// send connects, sends something, and writes what became of it.
func (s *session) send(ctx context.Context, something func(*client.Client) (client.Receipt, error)) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := something(c)
	if err != nil {
		return err
	}
	s.line("%s", received(r))
	return nil
}

// received says who got something, and who did not if there are such.
func received(r client.Receipt) string {
	text := fmt.Sprintf("sent to %d connections", r.Sent)
	if r.Sent == 1 {
		text = "sent to 1 connection"
	}
	if r.Gone > 0 {
		text += fmt.Sprintf(", %d gone", r.Gone)
	}
	if r.Failed > 0 {
		text += fmt.Sprintf(", %d could not take it", r.Failed)
	}
	if r.Queued {
		text += ", others get it later"
	}
	return text
}
