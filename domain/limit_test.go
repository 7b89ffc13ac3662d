package domain_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// spend counts n times and returns how often it was allowed.
func spend(t *testing.T, l domain.RateLimit, user string, n int) (allowed int) {
	t.Helper()
	for range n {
		err := l.Spend(t.Context(), domain.Caller{Connection: domain.Connection{ID: "c", User: user}})
		if err == nil {
			allowed++
			continue
		}
		refusal := domain.Refusal(err)
		if wait := refusal.Details["retryAfterMs"]; refusal.Code != domain.RateLimited || wait != int64(60_001) {
			t.Errorf("refused with %v, %v", refusal, wait)
		}
	}
	return allowed
}

// TestBudgets: what is counted apart takes nothing from anything else, of no user, and begins anew each minute.
func TestBudgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		messages := domain.RateLimit{Quotas: new(memory.Quotas), PerMinute: 3}
		reads, moves := messages.Apart("reads", 5), messages.Apart("moves", 2)
		for range 2 {
			for _, user := range []string{"ada", "bob", ""} {
				for want, limit := range map[int]domain.RateLimit{3: messages, 15: reads, 6: moves} {
					if got := spend(t, limit, user, 20); got != want {
						t.Errorf("%q: %d allowed, want %d", user, got, want)
					}
				}
			}
			time.Sleep(time.Minute)
		}
		if off := (domain.RateLimit{}).Apart("reads", 5); spend(t, off, "ada", 1000) != 1000 {
			t.Error("no limit has a budget that limits")
		}
	})
}

// broken are quotas that count nothing at the moment.
type broken struct{}

// Count implements domain.Quotas.
func (broken) Count(context.Context, string, time.Time, int) (bool, error) {
	return false, domain.ErrUnavailable
}

// TestWhatCannotBeCounted is not called too much.
func TestWhatCannotBeCounted(t *testing.T) {
	err := domain.RateLimit{Quotas: broken{}, PerMinute: 1}.Spend(t.Context(), domain.Caller{})
	wantCode(t, "quotas that fail", err, domain.Unavailable)
}
