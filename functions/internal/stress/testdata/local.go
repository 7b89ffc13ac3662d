package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"wsecho/adapters/gateway"
	"wsecho/adapters/memory"
)

// shareOf is a share that the environment sets.
func shareOf(name string) float64 {
	share, _ := strconv.ParseFloat(os.Getenv(name), 64)
	return share
}

// unreliable is a route's handler whose process dies now and then, for a share STRESS_KILLS of requests: nothing that it
// tries works any more, and nobody is answered. Nor does anything of a request work once it is answered: Lambda freezes
// it. STRESS_OPENING is a share of connections that open later than $connect was answered.
func unreliable(route string, next gateway.Handler) gateway.Handler {
	killed, opening := shareOf("STRESS_KILLS"), shareOf("STRESS_OPENING")
	return gateway.HandlerFunc(func(ctx context.Context, event []byte) ([]byte, error) {
		ctx, end := context.WithCancel(ctx)
		defer end()
		hit, after := memory.Unreliable().Drawn(killed, 10*time.Millisecond)
		if !hit {
			answer, err := next.Invoke(ctx, event)
			if hit, d := memory.Unreliable().Drawn(opening, 50*time.Millisecond); hit && route == "$connect" {
				time.Sleep(d)
			}
			return answer, err
		}
		timer := time.AfterFunc(after, end)
		defer timer.Stop()
		_, _ = next.Invoke(ctx, event)
		return nil, errors.New("the function was killed")
	})
}
