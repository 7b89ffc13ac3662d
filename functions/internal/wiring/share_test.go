package wiring

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestShareOfTheRate: the workers of all queues, of deliveries, of rooms and of retries, together post CALLBACK_RATE
// messages a second.
func TestShareOfTheRate(t *testing.T) {
	var parts Parts
	if err := fillPosts(&parts, environment{valid, posts.Names}); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		for range 1001 {
			if err := parts.Limiter.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(100 * time.Millisecond); took < 9900*time.Millisecond || took > 10*time.Second {
			t.Errorf("1,000 posts took %v, want 10 s at 2200 / (2 * 10 + 2) a second", took)
		}
	})
	if parts.Rests == nil {
		t.Error("nobody rests")
	}
}
