package domain

import (
	"context"
	"fmt"
	"time"
)

// Tally counts what users send. Implementations are safe for concurrent use.
type Tally interface {
	// Count counts one more message of a user in the minute that begins at a time, unless max were counted already; ok
	// tells whether it did. However many count at the same time, no more than max succeed. An error wraps
	// ErrUnavailable: it may have been counted.
	Count(ctx context.Context, user string, minute time.Time, max int) (ok bool, err error)
}

// RateLimit bounds what a user sends to others. Its zero value has no limit.
type RateLimit struct {
	Tally Tally
	// PerMinute is how many messages a user may send in a minute of the clock; 0 is any number.
	PerMinute int
}

// Spend counts a message of the caller. The refusal is rate_limited, with the time until the next minute as
// details.retryAfterMs.
func (l RateLimit) Spend(ctx context.Context, from Caller) error {
	if l.PerMinute <= 0 {
		return nil
	}
	now := time.Now()
	minute := now.Truncate(time.Minute)
	ok, err := l.Tally.Count(ctx, from.Name(), minute, l.PerMinute)
	if err != nil || ok {
		return err
	}
	return &Error{
		Code:    RateLimited,
		Message: fmt.Sprintf("you may send %d messages a minute; wait for the next one", l.PerMinute),
		Details: map[string]any{"retryAfterMs": minute.Add(time.Minute).Sub(now).Milliseconds() + 1},
	}
}
