package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// deafCrowd is the room in which one does not read.
var deafCrowd = crowd{Members: 50, Rate: 20}

// deaf compares what a room's members wait for a line while one of them does not read, and while all do.
func (b *bench) deaf(ctx context.Context) (section, error) {
	program := rated(local())
	t := table{head: []string{"room", "members", "line p50 ms", "line p99 ms", "deaf ÷ all read: p99", "ack p99 ms", "lost", "doubled", "posts answered 429", "posts without an answer in time"}}
	figures, err := alternate(b.rounds, []bool{false, true}, func(deaf bool) (roomFigures, error) {
		return b.roomOnce(ctx, program, roomSettings{crowd: deafCrowd, Talk: b.talk, Tail: b.tail, Deaf: deaf})
	})
	if err != nil {
		return section{}, err
	}
	for i, members := range []string{"all read", "one does not read"} {
		fs := figures[i]
		t.row(deafCrowd.String(), members, middle(fs, roomFigures.p50).format("%.1f"), middle(fs, roomFigures.p99).format("%.1f"),
			ratio(fs, figures[0], roomFigures.p99).unless(i == 0), middle(fs, roomFigures.ackP99).format("%.1f"),
			total(fs, roomFigures.lost), total(fs, roomFigures.doubled), total(fs, roomFigures.throttled), total(fs, roomFigures.unanswered))
	}
	return section{
		title: "A member that does not read",
		about: fmt.Sprintf("A room of %d in which %d lines a second are said for %v, by turns with all members reading, and with one that stopped: "+
			"what lies between it and the gateway is full before the talk begins. The figures are those of the others; the aim is 1.5 times the time at most. "+
			"Posts that are answered 429, or not in time, are those to the one.", deafCrowd.Members, deafCrowd.Rate, b.talk),
		commands: []string{program.command(), b.made("-rounds %d -talk %v -tail %v deaf", b.rounds, b.talk, b.tail)},
		table:    t,
	}, nil
}

// clog stops reading, and fills what lies between the gateway and the client: posts to it come back.
func (c *client) clog(ctx context.Context, target string) error {
	if err := c.conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		return err
	}
	id, err := c.ownID()
	if err != nil {
		return err
	}
	for size := 100 << 10; size >= 32; size /= 2 { // Until nothing fits any more, however small.
		if err := fill(ctx, target, id, size); err != nil {
			return err
		}
	}
	return nil
}

// fill posts messages of a size to a connection until one comes back.
func fill(ctx context.Context, target, id string, size int) error {
	filler := fmt.Appendf(nil, "%q", strings.Repeat("x", size))
	for {
		status, err := postTo(ctx, target, id, filler)
		if err != nil || status == http.StatusTooManyRequests {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("a post to a client that does not read was answered %d", status)
		}
	}
}

// ownID is the client's connection id.
func (c *client) ownID() (string, error) {
	if err := c.send(message(`{"action":"echo","id":"who"}`)); err != nil {
		return "", err
	}
	for {
		text, err := c.receive()
		if err != nil {
			return "", err
		}
		var echo struct {
			ID         string
			Connection struct{ ConnectionID string }
		}
		_ = json.Unmarshal(text, &echo) // What is no answer to this may be anything.
		if echo.ID == "who" {
			return echo.Connection.ConnectionID, nil
		}
	}
}

// postTo posts to a connection of the program, whose WebSocket URL is known.
func postTo(ctx context.Context, target, id string, data []byte) (status int, err error) {
	http1 := "http" + strings.TrimPrefix(target, "ws") + "/@connections/" + url.PathEscape(id)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, http1, bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
