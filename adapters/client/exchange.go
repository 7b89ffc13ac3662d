package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// keyLife bounds how long something is repeated: the service remembers a key for 24 hours, and a repetition after that
// would be another message.
const keyLife = 23 * time.Hour

// request is what a client asks.
type request struct {
	action string
	fields map[string]any
	room   *Room // One that has to be joined; nil is none.
	once   bool  // It must not happen twice.
}

// keyed is a request that may be repeated, since the service knows it by its key.
func keyed(action string, r *Room, fields map[string]any) request {
	fields["key"] = rand.Text()
	return request{action: action, fields: fields, room: r, once: true}
}

// exchange asks, and asks again until there is an answer, a refusal that stays, or ctx has ended. It returns the
// connection on which the answer came, too.
func (c *Client) exchange(ctx context.Context, q request) (frame, *link, error) {
	ctx, cancel := context.WithTimeout(ctx, keyLife)
	defer cancel()
	var last error
	var sentOn *link
	for attempt := 0; ; attempt++ {
		l, err := c.ready(ctx, q.room)
		if err != nil {
			return frame{}, nil, because(err, last)
		}
		if q.once && sentOn != nil && sentOn != l && sentOn.anonymous() {
			return frame{}, nil, &Error{Code: CodeDisconnected, Message: "the connection ended; whether the message was sent is not known", cause: last}
		}
		f, err := l.ask(ctx, q.action, q.fields)
		if err == nil {
			return f, l, nil
		}
		if e, ok := errors.AsType[*Error](err); !ok || !e.unsent {
			sentOn = l
		}
		if !c.repeatable(err, l, q.room) {
			return frame{}, nil, because(err, last)
		}
		last = err
		pause(waitAfter(err, attempt), ctx.Done(), c.ctx.Done())
	}
}

// because adds to the end of a context what it was that took so long.
func because(err, last error) error {
	if last == nil || errors.Is(err, last) || CodeOf(err) != "" {
		return err
	}
	return fmt.Errorf("%w; the last attempt: %w", err, last)
}

// ready waits for a connection on which a room is joined, or for any without a room.
func (c *Client) ready(ctx context.Context, r *Room) (l *link, err error) {
	_, err = c.until(ctx, 0, func() (bool, error) {
		if l = c.link; r != nil {
			l = r.link
			if r.err != nil {
				return false, r.err
			}
		}
		return l != nil && l.alive(), nil
	})
	return l, err
}

// repeatable tells whether what failed on a connection may be asked again, and mends what stands in its way.
func (c *Client) repeatable(err error, l *link, r *Room) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false // A context's.
	}
	switch e.Code {
	case "connection_closed", "token_expired": // The service does not serve this connection any more; a new one helps.
		l.drop(err)
		return true
	case "not_a_member":
		return r != nil && c.reenter(r, l)
	}
	return e.Retryable
}

// waitAfter is how long to wait before asking again.
func waitAfter(err error, attempt int) time.Duration {
	e, _ := errors.AsType[*Error](err)
	switch {
	case e == nil || e.Code == CodeTimeout || e.Code == CodeDisconnected:
		return 0
	case e.RetryAfter() > 0:
		return jitter(e.RetryAfter(), e.RetryAfter()*3/2)
	}
	return backoff(attempt)
}
