package domain

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Quotas count what users do. Implementations are safe for concurrent use.
type Quotas interface {
	// Count counts one more of an account, which is a user's name or one of its budgets, in the minute that begins at a
	// time, unless max were counted already; ok tells whether it did. However many count at the same time, no more than
	// max succeed. An error wraps ErrUnavailable: it may have been counted.
	Count(ctx context.Context, account string, minute time.Time, max int) (ok bool, err error)
}

// RateLimit bounds how often a user does something. Its zero value has no limit.
type RateLimit struct {
	Quotas Quotas
	// PerMinute is how often a user may do it in a minute of the clock; 0 is any number.
	PerMinute int
	// Budget says what is counted, in the plural. Each budget of a user is counted apart from the others; the empty one
	// is that of messages.
	Budget string
}

// Apart is a limit with a budget of its own, of a multiple of this one's size.
func (l RateLimit) Apart(budget string, times int) RateLimit {
	return RateLimit{Quotas: l.Quotas, PerMinute: times * l.PerMinute, Budget: budget}
}

// Spend counts one more of the caller's. The refusal is rate_limited, with the time until the next minute as
// details.retryAfterMs.
func (l RateLimit) Spend(ctx context.Context, from Caller) error {
	if l.PerMinute <= 0 {
		return nil
	}
	now := time.Now()
	minute := now.Truncate(time.Minute)
	ok, err := l.Quotas.Count(ctx, l.account(from), minute, l.PerMinute)
	if err != nil || ok {
		return err
	}
	return &Error{
		Code:    RateLimited,
		Message: fmt.Sprintf("more than %d %s a minute are too many; wait for the next one", l.PerMinute, cmp.Or(l.Budget, "messages")),
		Details: map[string]any{"retryAfterMs": minute.Add(time.Minute).Sub(now).Milliseconds() + 1},
	}
}

// account is the name under which a budget of the caller is counted. No name of a user has a #.
func (l RateLimit) account(from Caller) string {
	if l.Budget == "" {
		return from.Name()
	}
	return l.Budget + "#" + from.Name()
}
