package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// line is a number of a room's log, as it came.
type line struct {
	Seq       int64
	Void      bool
	MessageID string
	Data      json.RawMessage
}

// reply is any message of the program.
type reply struct {
	Type, ID, Code, Message string
	Epoch                   string
	Seq                     int64
	MessageID               string
	Messages                []line
	More, Retryable         bool
	Members                 []struct{ User string }
	Cursor                  string
	Room, User              string
	Connection              json.RawMessage
	ConnectionID            string
	Sent, Gone              int
	Queued                  bool
	At                      time.Time
	Data                    json.RawMessage
}

// errGone means that a member's connection ended.
var errGone = errors.New("the connection ended")

// member is a plain client that never connects again. It does nothing by itself but listen, not even ping.
type member struct {
	*socket
	run    *run
	user   string
	id     string // Of the connection.
	onPush func(reply)
	done   chan struct{} // Closed when the connection has ended.
	why    error

	mu      sync.Mutex // Guards what follows.
	last    int
	waiting map[string]chan reply
}

// connect opens a member's connection. Misfortunes may keep it from succeeding, but not for long.
func (r *run) connect(ctx context.Context, user string, onPush func(reply)) (*member, error) {
	for began := time.Now(); ; {
		m, err := r.connectOnce(ctx, user, inAWhile(), onPush)
		if err == nil || time.Since(began) > patience || pause(ctx, 50*time.Millisecond) != nil {
			return m, err
		}
	}
}

func (r *run) connectOnce(ctx context.Context, user string, ends time.Time, onPush func(reply)) (*member, error) {
	token, err := r.issuer.token(user, ends)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, r.url, token)
	if err != nil {
		return nil, err
	}
	m := &member{socket: s, run: r, user: user, onPush: onPush, done: make(chan struct{}), waiting: map[string]chan reply{}}
	go m.listen()
	welcome, err := m.insist(ctx, "hello", nil)
	if err != nil {
		m.Close()
		return nil, err
	}
	m.id = welcome.ConnectionID
	return m, nil
}

// listen takes what comes until the connection ends.
func (m *member) listen() {
	defer close(m.done)
	for {
		text, err := m.receive()
		if err != nil {
			m.why = err
			return
		}
		var r reply
		if err := json.Unmarshal(text, &r); err != nil {
			m.run.violated("", "%s was sent what is no message: %.200q", m.user, text)
			continue
		}
		m.mu.Lock()
		answered := m.waiting[r.ID]
		delete(m.waiting, r.ID)
		m.mu.Unlock()
		switch {
		case answered != nil:
			answered <- r
		case r.ID == "" && m.onPush != nil:
			m.onPush(r)
		}
	}
}

// answerTime is how long a member waits before it asks again for the first time: a function may have been killed.
const answerTime = 3 * time.Second

// ask asks once; without an answer within some time the code is "timeout".
func (m *member) ask(ctx context.Context, within time.Duration, action string, fields map[string]any) (reply, error) {
	m.mu.Lock()
	m.last++
	id, answered := strconv.Itoa(m.last), make(chan reply, 1)
	m.waiting[id] = answered
	m.mu.Unlock()
	all := map[string]any{"action": action, "id": id}
	for name, value := range fields {
		all[name] = value
	}
	text, err := json.Marshal(all)
	if err != nil {
		return reply{}, err
	}
	if m.send(ws.NewTextFrame(text)) != nil {
		return reply{}, errGone
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case r := <-answered:
		return r, nil
	case <-m.done:
		return reply{}, errGone
	case <-ctx.Done():
		return reply{}, ctx.Err()
	case <-timer.C:
		return reply{Type: "error", Code: "timeout", Retryable: true}, nil
	}
}

// insist asks until there is an answer that asking again does not change; a refusal is an error. Each answer may take
// twice as long as the one before that did not come: maybe the machine is slow.
func (m *member) insist(ctx context.Context, action string, fields map[string]any) (reply, error) {
	for within := answerTime; ; {
		r, err := m.ask(ctx, within, action, fields)
		switch {
		case err != nil || r.Type != "error":
			return r, err
		case !r.Retryable || within > patience:
			return r, refusal{action, r.Code, r.Message}
		case r.Code == "timeout":
			within *= 2
		}
		if err := pause(ctx, 30*time.Millisecond); err != nil {
			return r, err
		}
	}
}

// refusal is an answer that says no.
type refusal struct{ action, code, message string }

func (r refusal) Error() string {
	return fmt.Sprintf("%s was refused: %s: %s", r.action, r.code, r.message)
}

// join enters a room.
func (m *member) join(ctx context.Context, room string) error {
	_, err := m.insist(ctx, "join", map[string]any{"room": room})
	return err
}

// say says something in a room until it is acknowledged, once.
func (m *member) say(ctx context.Context, room, text string) (reply, error) {
	return m.insist(ctx, "say", map[string]any{"room": room, "data": text, "key": key(text)})
}

// key is the idempotency key for a text, which must be said once in a run.
func key(text string) string { return "stress.key.of." + strings.ReplaceAll(text, " ", ".") }

// who lists the users in a room.
func (m *member) who(ctx context.Context, room string) (users []string, err error) {
	for fields := map[string]any{"room": room}; ; {
		page, err := m.insist(ctx, "who", fields)
		if err != nil {
			return nil, err
		}
		for _, present := range page.Members {
			users = append(users, present.User)
		}
		if page.Cursor == "" {
			return users, nil
		}
		fields["cursor"] = page.Cursor
	}
}
