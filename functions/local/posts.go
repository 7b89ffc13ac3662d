package main

import (
	"context"
	"errors"
	"sync/atomic"

	"wsecho/domain"
)

// countedPosts is a sender that counts what became of its posts.
type countedPosts struct {
	domain.Sender
	posts, throttled, unanswered atomic.Int64
}

// Send implements domain.Sender.
func (c *countedPosts) Send(ctx context.Context, connectionID string, data []byte) error {
	err := c.Sender.Send(ctx, connectionID, data)
	c.posts.Add(1)
	switch {
	case errors.Is(err, domain.ErrThrottled):
		c.throttled.Add(1)
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.unanswered.Add(1)
	}
	return err
}
