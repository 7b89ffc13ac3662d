package domain_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// TestFinalIsRepeatedWhileItIsNotTrue, as after a closer that has died, a few times until the delivery expires.
func TestFinalIsRepeatedWhileItIsNotTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := new(memory.Queue)
		r := newRig(nil)
		r.FanOut.Queue = q
		listener, leaver := entered(t, r.registry, "a"), entered(t, r.registry, "a")
		d := message()
		d.Audience, d.Except, d.ExpiresAt = "a", []string{leaver.ID}, time.Now().Add(15*time.Second)
		d.Condition = &domain.Condition{Connection: leaver.ID}
		_ = q.Enqueue(t.Context(), d)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		q.Run(ctx, 1, func(ctx context.Context, d domain.Delivery) error {
			_, err := r.Deliver(ctx, d, time.Now().Add(time.Second))
			return err
		})
		if n := r.sent[listener.ID]; n != 4 || r.sent[leaver.ID] != 0 {
			t.Errorf("it was posted %d times", n)
		}
	})
}

// TestOversizedAudienceIsNotTold, not even what is final.
func TestOversizedAudienceIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.connect(t, 3, 0)
		d := message()
		d.MaxMembers, d.Condition = 2, &domain.Condition{Connection: "unknown", Member: true}
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if err != nil {
			t.Error(err)
		}
		wantReport(t, report, domain.Report{Oversized: 1})
	})
}
