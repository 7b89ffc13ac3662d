package domain_test

import (
	"context"
	"encoding/json"
	"errors"
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
		if deadLetters := w.deadLetters(); len(deadLetters) > 0 {
			t.Errorf("%d members were given up", len(deadLetters))
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
		r.Limiter = domain.NewLimiter(0.1)
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

// work delivers again and again what comes back, at its time, and returns how many runs that were.
func (r *rig) work(t *testing.T, d domain.Delivery) (runs int) {
	t.Helper()
	for work := []domain.Delivery{d}; len(work) > 0; work = append(work[1:], r.queue.queued...) {
		time.Sleep(work[0].Delay)
		work[0].Delay, r.queue.queued = 0, nil
		if _, err := r.Deliver(t.Context(), work[0], time.Now().Add(20*time.Second)); err != nil {
			t.Fatal(err)
		}
		if runs++; runs > 1000 {
			t.Fatal("it never ends")
		}
	}
	return runs
}

// TestThrottlingIsRetriedUntilTheEnd: a client that begins to read half a minute before the message expires gets it,
// one that does not is on record.
func TestThrottlingIsRetriedUntilTheEnd(t *testing.T) {
	for _, reads := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			got, heals := false, time.Now().Add(domain.DeliveryLife-30*time.Second)
			r := newRig(func(context.Context, string) error {
				if got = reads && time.Now().After(heals); got {
					return nil
				}
				return domain.ErrThrottled
			})
			r.connect(t, 1, time.Hour)
			runs := r.work(t, message())
			t.Logf("reads: %v, %d runs", reads, runs)
			if got != reads || (len(r.queue.deadLetters) == 1) == reads || runs > 30 {
				t.Errorf("reads: %v, got it: %v, %d dead-lettered, %d runs", reads, got, len(r.queue.deadLetters), runs)
			}
			if !reads && r.queue.reason != "not reached before it expired" {
				t.Errorf("the reason is %q", r.queue.reason)
			}
		})
	}
}

// TestOtherFailuresEndAfterEightAttempts, whatever time is left.
func TestOtherFailuresEndAfterEightAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(ctx context.Context, _ string) error { return hang(ctx) })
		id := r.connect(t, 1, time.Hour)[0]
		r.work(t, message())
		if r.sent[id] != domain.MaxAttempts || len(r.queue.deadLetters) != 1 || r.queue.reason != "not reached in 8 attempts" {
			t.Errorf("%d posts, dead-lettered %+v because %q", r.sent[id], r.queue.deadLetters, r.queue.reason)
		}
	})
}

// TestRepairableIsTriedInOneRun, for half a second and by who is throttled once, and nobody is told that it was given up:
// whoever else is in the room waits for the slowest one.
func TestRepairableIsTriedInOneRun(t *testing.T) {
	for name, test := range map[string]struct {
		post  func(context.Context) error
		posts int
		takes time.Duration
	}{
		"hanging":   {hang, 1, 500 * time.Millisecond},
		"throttled": {func(context.Context) error { return domain.ErrThrottled }, 1, 0},
		"broken":    {func(context.Context) error { return errors.New("502") }, 3, 150 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(func(ctx context.Context, _ string) error { return test.post(ctx) })
				id := r.connect(t, 1, time.Hour)[0]
				d := message()
				d.Repairable = true
				began := time.Now()
				report, err := r.Deliver(t.Context(), d, began.Add(time.Minute))
				if took := time.Since(began); err != nil || took != test.takes || r.sent[id] != test.posts || len(r.queue.queued)+len(r.queue.deadLetters) > 0 {
					t.Errorf("%d posts in %v, %d queued, %d dead letters, %v", r.sent[id], took, len(r.queue.queued), len(r.queue.deadLetters), err)
				}
				if report.Skipped != 1 {
					t.Errorf("%+v", report)
				}
			})
		})
	}
}

// TestRepairableCutShort goes to the queue: a member whose post had hardly begun when the run ended missed nothing. Who
// had half of an inline share did.
func TestRepairableCutShort(t *testing.T) {
	for had, want := range map[time.Duration]domain.Report{
		100 * time.Millisecond:     {Queued: 1},
		domain.InlineShare/2 - 1:   {Queued: 1},
		domain.InlineShare / 2:     {Skipped: 1},
		domain.InlineShare * 3 / 4: {Skipped: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(ctx context.Context, _ string) error { return hang(ctx) })
			id := r.connect(t, 1, time.Hour)[0]
			d := message()
			d.Repairable = true
			report, err := r.Deliver(t.Context(), d, time.Now().Add(had))
			if wantReport(t, report, want); err != nil || len(r.queue.queued) != want.Queued {
				t.Errorf("after %v: queued %+v, %v", had, r.queue.queued, err)
			}
			for _, again := range r.queue.queued {
				if again.Members[0].ID != id || again.Retry() {
					t.Errorf("after %v: queued %+v", had, again)
				}
			}
		})
	}
}

// TestHintIsDroppedNotDeadLettered: what lives for seconds interests nobody afterwards.
func TestHintIsDroppedNotDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
		r.connect(t, 1, time.Hour)
		expired := 0
		r.Ran = func(_ domain.Delivery, report domain.Report) { expired += report.Expired }
		d := message()
		d.ExpiresAt = d.AcceptedAt.Add(15 * time.Second)
		if runs := r.work(t, d); runs < 2 || expired != 1 || len(r.queue.deadLetters) > 0 {
			t.Errorf("%d runs, %d expired, %d dead-lettered", runs, expired, len(r.queue.deadLetters))
		}
	})
}

// TestLateRetryIsDeadLettered: one that the queue hands out too late is not lost without a word.
func TestLateRetryIsDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		d := message()
		d.Members, d.Postponed = []domain.Member{{ID: r.connect(t, 1, 0)[0]}}, 3
		time.Sleep(domain.DeliveryLife)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
		if err != nil || len(r.queue.deadLetters) != 1 || len(r.sent) > 0 {
			t.Errorf("%d dead-lettered, %d posts, %v", len(r.queue.deadLetters), len(r.sent), err)
		}
		wantReport(t, report, domain.Report{DeadLettered: 1})
	})
}

// TestUntriedWaitForTheirTurn: they come back when the limiter has one for them, not at once.
func TestUntriedWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.Limiter = domain.NewLimiter(1.0 / 60)
		ids := r.connect(t, 3, time.Hour)
		for i, want := range []time.Duration{time.Minute, 2 * time.Minute} {
			d := message()
			d.Members = []domain.Member{{ID: ids[0]}, {ID: ids[i+1]}}[min(i, 1):]
			if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			if got := r.queue.queued[i].Delay; got > want || got < want-2*time.Second {
				t.Errorf("delivery %d is delayed by %v, want %v", i, got, want)
			}
		}
		for range 200 {
			r.Limiter.Defer(1)
		}
		d := message()
		d.Members = []domain.Member{{ID: ids[2]}}
		if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if got := r.queue.queued[2].Delay; got != 15*time.Minute {
			t.Errorf("a delay of %v", got)
		}
	})
}

// TestEndedMemberGetsNothing: a member that is handed back by its id has an end, unless an older version wrote it.
func TestEndedMemberGetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		ids := r.connect(t, 3, time.Hour)
		now := time.Now()
		d := message()
		d.Members = []domain.Member{{ID: ids[0], ExpiresAt: now.Add(time.Second)}, {ID: ids[1], ExpiresAt: now}, {ID: ids[2]}}
		report, err := r.Deliver(t.Context(), d, now.Add(time.Minute))
		if err != nil || r.sent[ids[1]] > 0 || !r.connected(t, ids[1]) {
			t.Errorf("%d posts to who has ended, %v", r.sent[ids[1]], err)
		}
		wantReport(t, report, domain.Report{Sent: 2, Gone: 1})
	})
}

// TestShortWaitIsNoDelay: who takes the delivery can wait for less than a second.
func TestShortWaitIsNoDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.Limiter = domain.NewLimiter(2)
		r.connect(t, 2, time.Hour)
		if _, err := r.Deliver(t.Context(), message(), time.Now().Add(100*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if again := r.queue.queued[0]; again.Delay != 0 || again.Retry() || len(again.Members) != 1 {
			t.Errorf("queued: %+v", again)
		}
	})
}

// TestDelayOfTheThrottled begins with two seconds and ends with what a queue can hold back.
func TestDelayOfTheThrottled(t *testing.T) {
	for postponed, want := range map[int]time.Duration{0: 2 * time.Second, 20: 15 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
			r.Rests = nil
			d := message()
			d.Members, d.Postponed = []domain.Member{{ID: r.connect(t, 1, 0)[0]}}, postponed
			if postponed > 0 {
				r.Random = func() float64 { return 0.99 }
				d.AcceptedAt, d.ExpiresAt = d.AcceptedAt.Add(-time.Hour), d.ExpiresAt.Add(time.Hour)
			}
			if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if again := r.queue.queued[0]; again.Delay != want || again.Postponed != postponed+1 {
				t.Errorf("postponed %d times: delayed by %v, want %v", again.Postponed, again.Delay, want)
			}
		})
	}
}

// TestDelayOfOtherFailures doubles with every attempt, however young the message is: what is broken is left alone, where
// who is throttled waits no longer than it has been.
func TestDelayOfOtherFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return errors.New("502") })
		d := message()
		d.Members = []domain.Member{{ID: r.connect(t, 1, 0)[0]}}
		for attempt, want := range []int{2, 3, 5, 9, 17, 33, 65} {
			d.Attempt, r.queue.queued = attempt, nil
			d.AcceptedAt, d.ExpiresAt = time.Now(), time.Now().Add(domain.DeliveryLife)
			if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			// Random is in the middle.
			if got := r.queue.queued[0].Delay; got != time.Duration(want)*time.Second {
				t.Errorf("after attempt %d a delay of %v, want %ds", attempt+1, got, want)
			}
		}
	})
}

// TestWhatIsGivenUpIsCounted by members, and dead-lettered only if that is of use to anybody.
func TestWhatIsGivenUpIsCounted(t *testing.T) {
	truth := &domain.Condition{Connection: "unknown", Otherwise: json.RawMessage(`{}`)}
	for name, test := range map[string]struct {
		change func(*domain.Delivery)
		want   domain.Report
	}{
		"a message":                 {func(*domain.Delivery) {}, domain.Report{DeadLettered: 2}},
		"one that lives a minute":   {func(d *domain.Delivery) { d.ExpiresAt = d.AcceptedAt.Add(time.Minute) }, domain.Report{DeadLettered: 2}},
		"one that lives less":       {func(d *domain.Delivery) { d.ExpiresAt = d.AcceptedAt.Add(time.Minute - 1) }, domain.Report{Expired: 1}},
		"one that history repairs":  {func(d *domain.Delivery) { d.Repairable = true }, domain.Report{Skipped: 2}},
		"one that tells who is who": {func(d *domain.Delivery) { d.Condition = truth }, domain.Report{Expired: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(func(context.Context, string) error { return errors.New("502") })
				d := message()
				for _, id := range r.connect(t, 2, time.Hour) {
					d.Members = append(d.Members, domain.Member{ID: id})
				}
				d.Attempt = domain.MaxAttempts - 1
				test.change(&d)
				report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
				if err != nil || len(r.queue.deadLetters) != min(test.want.DeadLettered, 1) || len(r.queue.queued) > 0 {
					t.Errorf("%d dead-lettered, %d queued, %v", len(r.queue.deadLetters), len(r.queue.queued), err)
				}
				wantReport(t, report, test.want)
			})
		})
	}
}

// TestDeadLetterHasNoDelay: who looks at it does not have to wait, and a queue takes no delay below zero.
func TestDeadLetterHasNoDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
		d := message()
		d.Members = []domain.Member{{ID: r.connect(t, 1, 0)[0]}}
		d.ExpiresAt = d.AcceptedAt.Add(2 * time.Minute)
		time.Sleep(2*time.Minute - 5*time.Second)
		if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second)); err != nil || len(r.queue.deadLetters) != 1 || r.queue.deadLetters[0].Delay != 0 {
			t.Errorf("dead-lettered: %+v, %v", r.queue.deadLetters, err)
		}
	})
}

// TestBurialThatFails is an error of the run, so that the delivery is handed out again.
func TestBurialThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return errors.New("502") })
		r.queue.err = domain.ErrUnavailable
		d := message()
		d.Members, d.Attempt = []domain.Member{{ID: r.connect(t, 1, 0)[0]}}, domain.MaxAttempts-1
		if report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); !errors.Is(err, domain.ErrUnavailable) || report.DeadLettered > 0 {
			t.Errorf("Deliver = %+v, %v", report, err)
		}
	})
}
