package domain

import (
	"context"
	"errors"
)

// What a Sender reports of a post that did not succeed. Any other error is transient: the outcome is unknown and
// the post may be tried again.
var (
	// ErrGone means that there is no such connection. It may be one whose socket is not open yet.
	ErrGone = errors.New("the connection is gone")
	// ErrThrottled means too many posts a second, or that this client does not read what it is sent.
	ErrThrottled = errors.New("throttled")
	// ErrRefused means that this post can never succeed, for instance because the message is too large.
	ErrRefused = errors.New("the post was refused for good")
	// ErrForbidden means that the service may not post at all: a fault of its configuration.
	ErrForbidden = errors.New("not allowed to post to connections")
)

// Sender posts messages to connections. Implementations are safe for concurrent use.
type Sender interface {
	// Send posts data, up to 128 KB of UTF-8 text, to one connection. It returns when the message was accepted for
	// delivery, which does not mean that the client has it. It tries once, and gives up when ctx ends. Errors:
	// ErrGone, ErrThrottled, ErrRefused, ErrForbidden; anything else is transient.
	Send(ctx context.Context, connectionID string, data []byte) error
}
