package domain_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := domain.Backoff{First: 100 * time.Millisecond, Max: 300 * time.Millisecond, Random: func() float64 { return 0.5 }}
		for tries, want := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond, 150 * time.Millisecond} {
			began := time.Now()
			if err := b.Wait(t.Context(), tries+1); err != nil || time.Since(began) != want {
				t.Errorf("after %d tries it waits %v, %v, want %v", tries+1, time.Since(began), err, want)
			}
		}
		longest := time.Duration(0)
		for range 100 {
			began := time.Now()
			if err := (domain.Backoff{First: time.Second}).Wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			longest = max(longest, time.Since(began))
		}
		if longest < 500*time.Millisecond || longest >= time.Second {
			t.Errorf("by chance it waits up to %v, want nearly a second", longest)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Wait(ctx, 1); err == nil {
			t.Error("the wait outlasts its context")
		}
	})
}

// TestBackoffOfManyTries: what tries for hours waits no less than what tried for minutes.
func TestBackoffOfManyTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := func() float64 { return 1 }
		for _, tries := range []int{30, 40, 64, 1000} {
			began := time.Now()
			_ = domain.Backoff{First: 25 * time.Millisecond, Max: time.Second, Random: last}.Wait(t.Context(), tries)
			if took := time.Since(began); took != time.Second {
				t.Errorf("after %d tries it waits %v, want 1s", tries, took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := (domain.Backoff{First: 25 * time.Millisecond, Random: last}).Wait(ctx, 64); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a bound it waits less than an hour: %v", err)
		}
	})
}

// TestBackoffOfNoTime: chance may choose no wait at all, and whose context has ended does not go on even then.
func TestBackoffOfNoTime(t *testing.T) {
	b := domain.Backoff{First: time.Second, Random: func() float64 { return 0 }}
	if err := b.Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := b.Wait(ended, 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("it goes on: %v", err)
		}
	}
}
