package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wsecho/adapters/client"
)

// command is something that the program can do.
type command struct {
	name    string
	takes   []string
	about   string
	example string
	do      func(ctx context.Context, s *session, args []string) error
}

func (c command) parameters() string { return strings.Join(c.takes, " ") }

const me = "go run ./functions/client "

var commands = []command{
	{"tail", []string{"ROOM"}, "shows a room's messages as they come, and what comes for you", me + "tail lobby", tail},
	{"say", []string{"ROOM", "TEXT"}, "says something in a room", me + "say lobby 'good morning'", say},
	{"tell", []string{"USER", "TEXT"}, "tells a user something", me + "tell bob 'just for you'", tell},
	{"broadcast", []string{"TEXT"}, "tells everybody something", me + "broadcast 'tea is ready'", broadcast},
	{"echo", []string{"TEXT"}, "has the service return a text", me + "echo hello", echo},
	{"ping", nil, "measures a round trip", me + "-url wss://example.com/dev ping", ping},
	{"who", []string{"ROOM"}, "lists who is in a room, this client too", me + "who lobby", who},
	{"history", []string{"ROOM"}, "shows a room's newest messages", me + "history lobby", history},
	{"bench", nil, "has members speak in a room, and measures", me + "bench -members 50 -rate 20 -duration 10s", bench},
}

// text is how a chat has what people write.
type text struct {
	Text string `json:"text"`
}

func tail(ctx context.Context, s *session, args []string) error {
	s.pushes = true
	room, leave, err := s.join(ctx, args[0])
	if err != nil {
		return err
	}
	defer leave()
	for m, err := range room.Messages(ctx) {
		if err != nil {
			return err
		}
		s.message(m)
	}
	return nil
}

func say(ctx context.Context, s *session, args []string) error {
	room, leave, err := s.join(ctx, args[0])
	if err != nil {
		return err
	}
	defer leave()
	place, err := room.Say(ctx, text{args[1]})
	if err == nil {
		s.line("said at %d", place.Seq)
	}
	return err
}

func tell(ctx context.Context, s *session, args []string) error {
	return s.send(ctx, func(c *client.Client) (client.Receipt, error) {
		return c.Tell(ctx, client.Recipient{User: args[0]}, text{args[1]})
	})
}

func broadcast(ctx context.Context, s *session, args []string) error {
	return s.send(ctx, func(c *client.Client) (client.Receipt, error) { return c.Broadcast(ctx, text{args[0]}) })
}

func echo(ctx context.Context, s *session, args []string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	echoed, err := c.Echo(ctx, text{args[0]})
	if err == nil {
		s.line("%s, to %s on connection %s of stage %s", shown(echoed.Data), echoed.Connection.User, echoed.Connection.ConnectionID, echoed.Connection.Stage)
	}
	return err
}

func ping(ctx context.Context, s *session, _ []string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	if err = c.Ping(ctx); err == nil {
		s.line("a round trip takes %v", time.Since(began).Round(10*time.Microsecond))
	}
	return err
}

func who(ctx context.Context, s *session, args []string) error {
	room, leave, err := s.join(ctx, args[0])
	if err != nil {
		return err
	}
	defer leave()
	members, err := room.Who(ctx)
	for _, m := range members {
		s.line("%s (%d)", m.User, m.Connections)
	}
	return err
}

func history(ctx context.Context, s *session, args []string) error {
	room, leave, err := s.join(ctx, args[0])
	if err != nil {
		return err
	}
	defer leave()
	page, err := room.History(ctx, client.Position{})
	for _, m := range page.Messages {
		s.message(m)
	}
	if err == nil && page.More {
		fmt.Fprintln(s.log, "there are older messages")
	}
	return err
}
