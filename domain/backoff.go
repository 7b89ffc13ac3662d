package domain

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait between tries: a random part of a time that doubles with every try ("full jitter"), so
// that those who collided do not collide again.
// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
type Backoff struct {
	// First bounds the wait before the second try. Required.
	First time.Duration
	// Max bounds all waits; zero is no bound.
	Max time.Duration
	// Random returns numbers in [0,1); nil is chance.
	Random func() float64
}

// Wait waits after so many tries, 1 or more. It returns ctx's error if that ends before.
func (b Backoff) Wait(ctx context.Context, tries int) error {
	ceiling := b.First << min(tries-1, bits.LeadingZeros64(uint64(b.First))-1) // Doubling ends before it overflows.
	if b.Max > 0 {
		ceiling = min(ceiling, b.Max)
	}
	random := b.Random
	if random == nil {
		random = rand.Float64
	}
	return sleep(ctx, time.Duration(random()*float64(ceiling)))
}

// sleep waits, or returns ctx's error if that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
