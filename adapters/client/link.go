package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// link is one WebSocket: questions with correlation ids and time-outs, and answers to them. It never reconnects.
type link struct {
	conn    net.Conn
	in      *incoming
	timeout time.Duration
	onPush  func(*link, frame) // Gets everything that is no answer to a question.

	number  int64 // Later ones have higher numbers.
	welcome welcome
	spoke   chan struct{} // Told of everything that was said.
	joining chan struct{} // Held by those who join a room; see enter.

	turn chan struct{} // Held by whoever writes.
	done chan struct{} // Closed when the connection has ended, after why is set.
	why  error

	ending sync.Once
	heard  atomic.Int64 // How many messages came.

	mu        sync.Mutex // Guards what follows.
	waiting   map[string]chan frame
	lastID    int
	idle      signal    // Fired when nothing waits any more.
	suspected time.Time // Since when it is perhaps dead: a question got no answer, and nothing else came.
}

// welcome is what the service says of a connection.
type welcome struct {
	ConnectionID string
	User         string
	ConnectedAt  time.Time
	ExpiresAt    time.Time
}

// frame is a message from the service.
type frame struct {
	Type, ID string
	raw      []byte
}

var lastLink atomic.Int64

func newLink(conn net.Conn, source io.Reader, timeout time.Duration, onPush func(*link, frame)) *link {
	l := &link{
		conn: conn, timeout: timeout, onPush: onPush, number: lastLink.Add(1),
		spoke: make(chan struct{}, 1), joining: make(chan struct{}, joinsAtOnce),
		turn: make(chan struct{}, 1), done: make(chan struct{}), waiting: map[string]chan frame{},
	}
	l.in = newIncoming(source, l.control)
	return l
}

// read receives until the connection ends.
func (l *link) read() {
	for {
		text, err := l.in.next()
		if err != nil {
			l.drop(err)
			return
		}
		l.receive(text)
	}
}

// drop ends the connection at once.
func (l *link) drop(why error) {
	l.ending.Do(func() {
		l.why = why
		close(l.done)
		l.conn.Close()
	})
}

// alive tells whether questions can be asked.
func (l *link) alive() bool { return !closed(l.done) }

// anonymous tells whether the keys of what was sent on this connection end with it.
func (l *link) anonymous() bool { return strings.HasPrefix(l.welcome.User, "anon-") }

// ask sends a request once and waits for its answer. It fails with the service's refusal, CodeTimeout, CodeDisconnected
// or the error of ctx.
func (l *link) ask(ctx context.Context, action string, fields map[string]any) (frame, error) {
	id, answered := l.expect()
	defer l.forget(id)
	text, err := encode(action, id, fields)
	if err != nil {
		return frame{}, err
	}
	began, heard := time.Now(), l.heard.Load()
	if err := l.send(ctx, frames(text)); err != nil {
		return frame{}, err
	}
	timer := time.NewTimer(l.timeout)
	defer timer.Stop()
	select {
	case f := <-answered:
		return f, f.refusal()
	case <-l.done:
		select {
		case f := <-answered: // It came just before the end.
			return f, f.refusal()
		default:
			return frame{}, disconnected("the connection ended before the answer came", l.why)
		}
	case <-ctx.Done():
		return frame{}, ctx.Err()
	case <-timer.C:
		if l.heard.Load() == heard {
			l.suspect(began)
		}
		return frame{}, &Error{Code: CodeTimeout, Message: "no answer to " + action + " came", Retryable: true}
	}
}

// encode makes the text of a request.
func encode(action, id string, fields map[string]any) ([]byte, error) {
	all := maps.Clone(fields)
	if all == nil {
		all = map[string]any{}
	}
	all["action"], all["id"] = action, id
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // It would make data larger than it is.
	if err := encoder.Encode(all); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", action, err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(text) > maxSent {
		return nil, &Error{Code: "payload_too_large", Message: fmt.Sprintf("the request has %d bytes, and at most %d are taken", len(text), maxSent)}
	}
	return text, nil
}

// send writes frames when nobody else does.
func (l *link) send(ctx context.Context, frames []byte) error {
	select {
	case <-l.done:
	case <-ctx.Done():
		return ctx.Err()
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	}
	if !l.alive() {
		e := disconnected("the connection has ended", l.why)
		e.unsent = true
		return e
	}
	l.conn.SetWriteDeadline(time.Now().Add(l.timeout))
	if _, err := l.conn.Write(frames); err != nil {
		l.drop(err)
		return disconnected("the connection ended", err)
	}
	return nil
}

// control answers a control frame.
func (l *link) control(op ws.OpCode, payload []byte) error {
	switch op {
	case ws.OpPing:
		return l.send(context.Background(), compiled(ws.NewPongFrame(payload)))
	case ws.OpClose:
		_ = l.send(context.Background(), compiled(ws.NewCloseFrame(payload[:min(2, len(payload))])))
		code, reason := ws.ParseCloseFrameData(payload)
		return fmt.Errorf("closed with %d %q", code, reason)
	}
	return nil
}

func (l *link) receive(text []byte) {
	f := frame{raw: text}
	if json.Unmarshal(text, &f) != nil {
		return // Nothing that this protocol has.
	}
	l.heard.Add(1)
	l.mu.Lock()
	l.suspected = time.Time{}
	answered := l.waiting[f.ID]
	delete(l.waiting, f.ID)
	l.mu.Unlock()
	switch {
	case answered != nil:
		answered <- f
	case f.ID == "": // An answer that nobody waits for any more belongs to a question that was asked again.
		l.onPush(l, f)
	}
}

// expect returns the id of a new question, and where its answer will come.
func (l *link) expect() (id string, answered chan frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastID++
	id, answered = strconv.Itoa(l.lastID), make(chan frame, 1)
	l.waiting[id] = answered
	return id, answered
}

func (l *link) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if delete(l.waiting, id); len(l.waiting) == 0 {
		l.idle.fire()
	}
}

// suspect notes that a question was asked in vain and nothing came since. The next one that is, asked since then, ends
// the connection: a dead one takes many minutes to notice by itself.
func (l *link) suspect(asked time.Time) {
	l.mu.Lock()
	first := l.suspected.IsZero()
	if first {
		l.suspected = time.Now()
	}
	dead := !first && !asked.Before(l.suspected)
	l.mu.Unlock()
	if dead {
		l.drop(errors.New("nothing comes any more"))
	}
}

// retire ends the connection when its questions are answered, or after the time that an answer may take.
func (l *link) retire() {
	l.mu.Lock()
	busy, idle := len(l.waiting) > 0, l.idle.next()
	l.mu.Unlock()
	if busy {
		pause(l.timeout, idle, l.done)
	}
	_ = l.send(context.Background(), compiled(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
	l.drop(errReplaced)
}

// errReplaced is why a connection ended that another one replaced.
var errReplaced = errors.New("another connection took its place")

// refusal is the error that a frame of the type error is; nil for others.
func (f frame) refusal() error {
	if f.Type != "error" {
		return nil
	}
	e := new(Error)
	if err := f.decode(e); err != nil {
		return err
	}
	return e
}

// decode reads the fields of a frame.
func (f frame) decode(into any) error {
	if err := json.Unmarshal(f.raw, into); err != nil {
		return &Error{Code: "internal", Message: "what came for " + f.Type + " cannot be read", cause: err}
	}
	return nil
}
