package domain_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
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

const says, opposite = `{"says":"member"}`, `{"says":"no member"}`

// claim is a delivery that says that somebody is a member of an audience, or not, to a listener in it; posted are the
// messages that arrived.
func claim(r *rig, who domain.Connection, member bool) (d domain.Delivery, posted *[]string) {
	d = message()
	d.Audience, d.Except, d.Message = "a", []string{who.ID}, json.RawMessage(says)
	d.Condition = &domain.Condition{Connection: who.ID, Member: member, Otherwise: json.RawMessage(opposite)}
	posted = new([]string)
	post := r.Sender
	r.Sender = sender(func(ctx context.Context, id string, data []byte) error {
		err := post.Send(ctx, id, data)
		if err == nil {
			*posted = append(*posted, string(data))
		}
		return err
	})
	return d, posted
}

func wantPosted(t *testing.T, posted *[]string, want ...string) {
	t.Helper()
	if !slices.Equal(*posted, want) {
		t.Errorf("posted: %v, want %v", *posted, want)
	}
}

// TestTruthIsTold at once and once, whatever the message said.
func TestTruthIsTold(t *testing.T) {
	for member, want := range map[bool]string{true: says, false: opposite} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(nil)
			entered(t, r.registry, "a")
			who := entered(t, r.registry, "a")
			d, posted := claim(r, who, member)
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
			if err != nil {
				t.Error(err)
			}
			wantReport(t, report, domain.Report{Sent: 1})
			wantPosted(t, posted, want)
		})
	}
}

// TestTruthThatEndsWhileItIsTold goes to the queue to be put right: whether a post arrived, may still, or one of each.
func TestTruthThatEndsWhileItIsTold(t *testing.T) {
	for _, test := range []struct {
		outcomes []error // Of the posts to each listener.
		want     domain.Report
	}{
		{[]error{nil}, domain.Report{Sent: 1, Queued: 1}},
		{[]error{domain.ErrThrottled}, domain.Report{Throttled: 3, Queued: 2}},
		{[]error{nil, domain.ErrThrottled}, domain.Report{Sent: 1, Throttled: 3, Queued: 2}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var leave func()
			outcomes := map[string]error{}
			r := newRig(func(_ context.Context, id string) error { leave(); return outcomes[id] })
			r.Concurrency = 1
			for _, outcome := range test.outcomes {
				outcomes[entered(t, r.registry, "a").ID] = outcome
			}
			who := entered(t, r.registry, "a")
			leave = func() { _, _ = r.registry.Leave(t.Context(), who.ID, "a") }
			d, posted := claim(r, who, true)
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
			if wantReport(t, report, test.want); err != nil {
				t.Error(err)
			}
			clear(outcomes)
			for _, again := range r.queue.queued {
				time.Sleep(again.Delay)
				if _, err := r.Deliver(t.Context(), again, time.Now().Add(time.Minute)); err != nil {
					t.Error(err)
				}
			}
			if last := (*posted)[len(*posted)-1]; last != opposite {
				t.Errorf("the last word of %v is %s", *posted, last)
			}
		})
	}
}

// TestNobodyToTellIsNoReasonToLook again.
func TestNobodyToTellIsNoReasonToLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		who := entered(t, r.registry, "a")
		reads := 0
		r.Registry = counting{r.registry, &reads}
		d, _ := claim(r, who, true)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if wantReport(t, report, domain.Report{}); err != nil || reads != 2 {
			t.Errorf("%d reads, %v", reads, err)
		}
	})
}

// TestPendingIsKept without a word until it is true, or a minute has passed: then what it says was not done.
func TestPendingIsKept(t *testing.T) {
	for _, leaves := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(nil)
			entered(t, r.registry, "a")
			who := entered(t, r.registry, "a")
			d, posted := claim(r, who, false)
			d.Condition.Pending = true
			for _, age := range []time.Duration{0, 10 * time.Second, time.Minute - 1} {
				time.Sleep(time.Until(d.AcceptedAt.Add(age)))
				r.queue.queued = nil
				report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
				if wantReport(t, report, domain.Report{Queued: 1}); err != nil {
					t.Fatal(err)
				}
				if again := r.queue.queued[0]; !again.Condition.Pending || again.Delay != age+50*time.Millisecond {
					t.Errorf("after %v it is kept for %v, pending: %v", age, again.Delay, again.Condition.Pending)
				}
			}
			wantPosted(t, posted)

			want := opposite
			if leaves {
				_, _ = r.registry.Leave(t.Context(), who.ID, "a")
				want = says
			}
			time.Sleep(time.Nanosecond)
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
			if wantReport(t, report, domain.Report{Sent: 1}); err != nil {
				t.Error(err)
			}
			wantPosted(t, posted, want)
		})
	}
}

// TestWhatIsPutRightHasTime: what was about to expire when it turned out wrong outlives a worker that died with it.
func TestWhatIsPutRightHasTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var leave func()
		r := newRig(func(context.Context, string) error { leave(); return nil })
		entered(t, r.registry, "a")
		who := entered(t, r.registry, "a")
		leave = func() { _, _ = r.registry.Leave(t.Context(), who.ID, "a") }
		d, _ := claim(r, who, true)
		d.ExpiresAt = time.Now().Add(time.Second)
		if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if left := time.Until(r.queue.queued[0].ExpiresAt); left != 5*time.Minute {
			t.Errorf("it lives for %v", left)
		}
	})
}

// TestSeenToBeTrueIsNotPending: whom a post did not reach is told what is true then, and nothing is kept beside it.
func TestSeenToBeTrueIsNotPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
		entered(t, r.registry, "a")
		d, _ := claim(r, domaintest.NewConnection("eve"), false)
		d.Condition.Pending = true
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if err != nil || report.Queued != 1 || r.queue.queued[0].Condition.Pending || !d.Condition.Pending {
			t.Errorf("%+v, %v; queued: %+v", report, err, r.queue.queued[0].Condition)
		}
	})
}

// TestUnreadableTruth waits for a registry that answers, and says nothing until then.
func TestUnreadableTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		entered(t, r.registry, "a")
		who := entered(t, r.registry, "a")
		r.Registry = silent{r.registry}
		d, posted := claim(r, who, false)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if wantReport(t, report, domain.Report{Queued: 1}); err != nil || r.queue.queued[0].Delay != time.Second {
			t.Errorf("queued: %+v, %v", r.queue.queued, err)
		}
		wantPosted(t, posted)
	})
}

// TestTruthThatCannotBeSeenAfterwards is told again.
func TestTruthThatCannotBeSeenAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		r = newRig(func(context.Context, string) error { r.Registry = silent{r.registry}; return nil })
		entered(t, r.registry, "a")
		who := entered(t, r.registry, "a")
		d, posted := claim(r, who, true)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if wantReport(t, report, domain.Report{Sent: 1, Queued: 1}); err != nil {
			t.Error(err)
		}
		wantPosted(t, posted, says)
	})
}

// silent is a registry that lists nobody at the moment.
type silent struct{ *memory.Registry }

// Members implements domain.Registry.
func (silent) Members(context.Context, domain.Audience, domain.Span, int) (domain.Page, error) {
	return domain.Page{}, domain.ErrUnavailable
}

// TestExpiredTruthInterestsNobody: it is neither read nor kept, whether it is final or pending.
func TestExpiredTruthInterestsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		who := entered(t, r.registry, "a")
		reads := 0
		r.Registry = counting{r.registry, &reads}
		for _, condition := range []domain.Condition{
			{Connection: who.ID}, {Connection: who.ID, Otherwise: json.RawMessage(opposite), Pending: true},
		} {
			d, _ := claim(r, who, false)
			d.Condition, d.ExpiresAt = &condition, time.Now()
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
			if wantReport(t, report, domain.Report{Expired: 1}); err != nil || reads > 0 {
				t.Errorf("%d reads, %v", reads, err)
			}
		}
	})
}

// TestFinalEndsWhenItIsTrue, and a part of it that was handed back repeats nothing: the whole does.
func TestFinalEndsWhenItIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		listener, who := entered(t, r.registry, "a"), entered(t, r.registry, "a")
		for name, test := range map[string]struct {
			says    bool
			members []domain.Member
			want    domain.Report
		}{
			"true":                    {true, nil, domain.Report{Sent: 1}},
			"not true yet":            {false, nil, domain.Report{Sent: 1, Queued: 1}},
			"a part, not true yet":    {false, []domain.Member{{ID: listener.ID}}, domain.Report{Sent: 1}},
			"a part of what has come": {true, []domain.Member{{ID: listener.ID}}, domain.Report{Sent: 1}},
		} {
			d, _ := claim(r, who, test.says)
			d.Condition.Otherwise, d.Members = nil, test.members
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
			if err != nil {
				t.Error(err)
			}
			if t.Log(name); report != test.want {
				t.Errorf("the report is %+v, want %+v", report, test.want)
			}
		}
	})
}

// TestPendingOfAClockAhead: who queued it may have a clock that is ahead of the worker's.
func TestPendingOfAClockAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		who := entered(t, r.registry, "a")
		d, _ := claim(r, who, false)
		d.Condition.Pending, d.AcceptedAt = true, time.Now().Add(10*time.Second)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if wantReport(t, report, domain.Report{Queued: 1}); err != nil || r.queue.queued[0].Delay != 50*time.Millisecond {
			t.Errorf("queued: %+v, %v", r.queue.queued, err)
		}
	})
}
