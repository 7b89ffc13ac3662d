package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"wsecho/adapters/client"
	"wsecho/functions/internal/escape"
)

// session is one run of a command. Results go to out, one line each, and what happens meanwhile to log.
type session struct {
	options
	token    string
	out, log io.Writer
}

// line writes one line, in which nothing does anything else to a terminal than show itself.
func (s *session) line(format string, args ...any) {
	fmt.Fprintln(s.out, escape.Text(fmt.Sprintf(format, args...)))
}

// message writes a message of a room.
func (s *session) message(m client.Message) {
	if m.Cut {
		s.line("-- messages are missing here, and cannot be had any more --")
	}
	s.line("%s %d %s: %s", m.At.Local().Format(time.TimeOnly), m.Seq, m.From.User, shown(m.Data))
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
	s.line("sent to %d connections, %d were gone, %d could not take it", r.Sent, r.Gone, r.Failed)
	if r.Queued {
		s.line("others will get it later")
	}
	return nil
}
