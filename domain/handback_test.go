package domain_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// TestStormLosesNobody throttles every post to 2,000 members for two minutes.
func TestStormLosesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2_000, even)
		w.storm = 2 * time.Minute
		w.deliver()
		if buried := w.buried(); len(buried) > 0 {
			t.Errorf("%d members were given up", len(buried))
		}
		w.wantNobodyMissed()
		t.Logf("%d messages, %d posts were throttled", w.messages, w.total.Throttled)
		w.wantCalmAfter(2*w.storm + 30*time.Second)
	})
}

// TestLowRateRunsLittle has far more to deliver than the rate allows, in many small deliveries.
func TestLowRateRunsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.Pace = domain.NewPace(0.1)
		queue := new(memory.Queue)
		r.Queue = queue
		ids := r.connect(t, 200, time.Hour)
		for _, id := range ids {
			d := message()
			d.Members = []domain.Member{{ID: id}}
			if err := queue.Enqueue(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var runs atomic.Int64
		queue.Run(ctx, 4, func(_ context.Context, d domain.Delivery) error {
			if runs.Add(1) == 10_000 {
				cancel() // Without delays virtual time would stand still.
			}
			_, err := r.Deliver(context.Background(), d, time.Now().Add(5*time.Second))
			return err
		})
		t.Logf("%d runs for %d posts", runs.Load(), len(r.sent))
		if len(r.sent) < 11 || runs.Load() > int64(len(ids)+4*len(r.sent)) {
			t.Errorf("%d runs for %d posts, want each delivery once and a few more", runs.Load(), len(r.sent))
		}
	})
}
