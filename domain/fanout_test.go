package domain_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

func wantReport(t *testing.T, got, want domain.Report) {
	t.Helper()
	if got != want {
		t.Errorf("the report is %+v, want %+v", got, want)
	}
}

func TestDeadMemberDelaysByInlineShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead string
		r := newRig(func(ctx context.Context, id string) error {
			if id == dead {
				return hang(ctx)
			}
			return nil
		})
		dead = r.connect(t, 20, time.Hour)[7]
		began := time.Now()
		report, err := r.Deliver(t.Context(), message(), began.Add(domain.InlineShare))
		if took := time.Since(began); err != nil || took != domain.InlineShare {
			t.Errorf("Deliver took %v, %v", took, err)
		}
		wantReport(t, report, domain.Report{Sent: 19, Queued: 1})
		left := r.queue.queued[0]
		if len(left.Members) != 1 || left.Members[0].ID != dead || left.Attempt != 1 || left.Delay < time.Second {
			t.Errorf("%+v was queued", left)
		}
	})
}

func TestWhatWasNotTriedIsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(ctx context.Context, _ string) error { return hang(ctx) })
		r.connect(t, 10, time.Hour)
		d := message()
		d.Delay = time.Hour
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		wantReport(t, report, domain.Report{Queued: 2})
		untried, missed := r.queue.queued[0], r.queue.queued[1]
		if len(untried.Members) != 6 || untried.Attempt != 0 || untried.Delay != 0 {
			t.Errorf("untried: %+v", untried)
		}
		if len(missed.Members) != 4 || missed.Attempt != 1 || missed.Delay == 0 {
			t.Errorf("missed: %+v", missed)
		}
	})
}

func TestTimeOutIsNotRepeatedInTheSameRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(ctx context.Context, _ string) error { return hang(ctx) })
		id := r.connect(t, 1, time.Hour)[0]
		began := time.Now()
		if _, err := r.Deliver(t.Context(), message(), began.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); r.sent[id] != 1 || took != 3*time.Second {
			t.Errorf("%d posts in %v", r.sent[id], took)
		}
	})
}

func TestThreeTriesInARun(t *testing.T) {
	for _, fault := range []error{domain.ErrThrottled, errors.New("502")} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return fault })
			id := r.connect(t, 1, time.Hour)[0]
			report, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
			if err != nil || r.sent[id] != 3 || report.Queued != 1 {
				t.Errorf("%v: %d posts, %+v, %v", fault, r.sent[id], report, err)
			}
		})
	}
}

func TestRefusedPostIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrRefused })
		id := r.connect(t, 1, time.Hour)[0]
		report, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
		if err != nil || r.sent[id] != 1 {
			t.Errorf("%d posts, %v", r.sent[id], err)
		}
		wantReport(t, report, domain.Report{Failed: 1})
	})
}

func TestForbiddenStopsTheDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrForbidden })
		ids := r.connect(t, 100, time.Hour)
		_, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
		if !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("Deliver: %v", err)
		}
		if len(r.sent) > r.Concurrency || len(r.queue.queued) > 0 {
			t.Errorf("%d posts, %d deliveries queued", len(r.sent), len(r.queue.queued))
		}
		for _, id := range ids {
			if !r.connected(t, id) {
				t.Fatal("somebody was reaped")
			}
		}
	})
}

func TestGoneIsReapedUnlessYoung(t *testing.T) {
	for age, reaped := range map[time.Duration]bool{29 * time.Second: false, 30 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return domain.ErrGone })
			id := r.connect(t, 1, age)[0]
			report, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
			if err != nil || r.connected(t, id) == reaped {
				t.Errorf("aged %v: reaped %v, want %v; %v", age, !reaped, reaped, err)
			}
			wantReport(t, report, domain.Report{Gone: 1})
		})
	}
}

func TestExpiredDeliveryIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.connect(t, 1, 0)
		d := message()
		time.Sleep(domain.DeliveryLife)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
		if err != nil || len(r.sent) > 0 {
			t.Errorf("%d posts, %v", len(r.sent), err)
		}
		wantReport(t, report, domain.Report{Expired: 1})
	})
}

func TestOversizedDeliveryIsDropped(t *testing.T) {
	tests := []struct{ members, limit, sent, oversized int }{{100, 100, 100, 0}, {101, 100, 0, 1}, {126, 200, 0, 1}, {300, 100, 0, 1}}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(nil)
			r.connect(t, test.members, 0)
			d := message()
			d.MaxMembers = test.limit
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
			if err != nil || len(r.sent) != test.sent || report.Oversized != test.oversized || len(r.queue.queued) > 0 {
				t.Errorf("%+v: %d posts, %+v, %v", test, len(r.sent), report, err)
			}
		})
	}
}

func TestExceptIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		ids := r.connect(t, 300, 0)
		d := message()
		d.Except = ids[:2]
		work := []domain.Delivery{d}
		for len(work) > 0 {
			if _, err := r.Deliver(t.Context(), work[0], time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			work = append(work[1:], r.queue.queued...)
			r.queue.queued = nil
		}
		if len(r.sent) != 298 || r.sent[ids[0]]+r.sent[ids[1]] > 0 {
			t.Errorf("%d of 300 members were posted to", len(r.sent))
		}
	})
}

func TestLastAttemptIsDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return errors.New("502") })
		d := message()
		r.connect(t, 1, 0)
		var delays []time.Duration
		for range domain.MaxAttempts {
			if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			for _, d = range r.queue.queued {
				delays = append(delays, d.Delay)
			}
			r.queue.queued = nil
		}
		if len(r.queue.deadLetters) != 1 || r.queue.deadLetters[0].Attempt != domain.MaxAttempts || len(delays) != domain.MaxAttempts-1 {
			t.Errorf("dead-lettered: %+v", r.queue.deadLetters)
		}
		if !slices.IsSorted(delays) || slices.Max(delays) > 15*time.Minute {
			t.Errorf("delays %v", delays)
		}
	})
}

func TestDelayDoublesWithEveryAttempt(t *testing.T) {
	for _, random := range []float64{0, 0.999} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
			r.Random = func() float64 { return random }
			r.connect(t, 1, 0)
			d := message()
			for d.Attempt = range domain.MaxAttempts - 1 {
				if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				delay := r.queue.queued[d.Attempt].Delay
				if delay < time.Second || delay > time.Second+time.Second<<(d.Attempt+1) {
					t.Errorf("attempt %d is delayed by %v", d.Attempt+1, delay)
				}
			}
		})
	}
}

// TestTriesOfARunBackOff: the second post waits a random part of 100 ms, the third of 200 ms.
func TestTriesOfARunBackOff(t *testing.T) {
	for _, random := range []float64{0, 0.5, 0.99} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var posts []time.Duration
			r := newRig(func(context.Context, string) error {
				posts = append(posts, time.Since(began))
				return domain.ErrThrottled
			})
			r.Random = func() float64 { return random }
			r.connect(t, 1, 0)
			if _, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			part := func(of time.Duration) time.Duration { return time.Duration(random * float64(of)) }
			want := []time.Duration{0, part(100 * time.Millisecond), part(100*time.Millisecond) + part(200*time.Millisecond)}
			if !slices.Equal(posts, want) {
				t.Errorf("where chance says %v the posts are made after %v, want %v", random, posts, want)
			}
		})
	}
}

func TestCrowdOfThrottledMembersSlowsTheLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
		r.Limiter = domain.NewLimiter(1000)
		r.connect(t, 10, 0)
		if _, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if posts := postsPerSecond(t, r.Limiter, 1)[0]; posts > 700 {
			t.Errorf("%d posts in the second after it, want half of 1000 and a little more", posts)
		}
	})
}

// short is a registry whose pages are short, as they are where members have expired. It notes how many it was asked for.
type short struct {
	domain.Registry
	asked []int
}

func (s *short) Members(ctx context.Context, a domain.Audience, span domain.Span, limit int) (domain.Page, error) {
	s.asked = append(s.asked, limit)
	return s.Registry.Members(ctx, a, span, min(limit, 7))
}

// TestShortPagesAreReadOn, for as many as are still to be seen: the store bills for all that it returns.
func TestShortPagesAreReadOn(t *testing.T) {
	for members, want := range map[int]struct {
		sent  int
		split bool
	}{100: {100, false}, 125: {125, false}, 126: {0, true}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(nil)
			r.connect(t, members, 0)
			registry := &short{Registry: r.registry}
			r.Registry = registry
			report, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
			split := report.Queued > 0
			if err != nil || report.Sent != want.sent || split != want.split {
				t.Errorf("%d members: %+v, %v", members, report, err)
			}
			for page, asked := range registry.asked {
				if want := 126 - 7*page; asked != want {
					t.Errorf("page %d is one of up to %d, want %d", page, asked, want)
				}
			}
			for _, posts := range r.sent {
				if posts != 1 {
					t.Errorf("%d posts to a member", posts)
				}
			}
		})
	}
}

func TestFailingPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := errors.Join(errors.New("no answer"), domain.ErrUnavailable)
		r := newRig(func(context.Context, string) error { return domain.ErrThrottled })
		r.queue.err = fault
		r.connect(t, 1, 0)
		d := message()
		d.Attempt = domain.MaxAttempts - 1
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("Deliver with a queue that fails: %v", err)
		}
		wantReport(t, report, domain.Report{Throttled: 3})
		r.connect(t, 200, 0)
		if report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err == nil || !reflect.ValueOf(report).IsZero() {
			t.Errorf("splitting with a queue that fails: %+v, %v", report, err)
		}
		r.FanOut.Registry = failing{fault}
		if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("Deliver with a registry that fails: %v", err)
		}
	})
}

// failing is a registry that does not answer.
type failing struct{ err error }

func (f failing) Connect(context.Context, domain.Connection) error { return f.err }
func (f failing) Remove(context.Context, domain.Connection) error  { return f.err }

func (f failing) Get(context.Context, string) (domain.Connection, error) {
	return domain.Connection{}, f.err
}

func (f failing) Members(context.Context, domain.Audience, domain.Span, int) (domain.Page, error) {
	return domain.Page{}, f.err
}

func TestEveryRunIsTold(t *testing.T) {
	throttled := true
	r := newRig(func(context.Context, string) error {
		if throttled {
			throttled = false
			return domain.ErrThrottled
		}
		return domain.ErrForbidden
	})
	r.connect(t, 1, 0)
	var told []domain.Report
	r.Ran = func(_ domain.Delivery, report domain.Report) { told = append(told, report) }
	if _, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute)); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("Deliver: %v", err)
	}
	if len(told) != 1 || told[0].Throttled != 1 {
		t.Errorf("told %+v", told)
	}
}

// TestNobodyIsNotEverybody: a delivery for an empty list of members is for none of its audience.
func TestNobodyIsNotEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.connect(t, 3, time.Hour)
		d := message()
		d.Members = []domain.Member{}
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
		if err != nil {
			t.Error(err)
		}
		wantReport(t, report, domain.Report{})
	})
}

// TestDeliveryKeepsItsMembers: a queue that hands the same delivery out again hands out the same members.
func TestDeliveryKeepsItsMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		ids := r.connect(t, 3, time.Hour)
		d := message()
		for _, id := range ids {
			d.Members = append(d.Members, domain.Member{ID: id})
		}
		d.Except = ids[:1]
		before := slices.Clone(d.Members)
		if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err != nil || !slices.Equal(d.Members, before) {
			t.Errorf("the members are %v, %v; were %v", d.Members, err, before)
		}
	})
}

// TestChildrenAreBounded: of the largest audience, too, one run makes no more than a hundred deliveries.
func TestChildrenAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.connect(t, 15_000, time.Hour)
		report, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
		if err != nil {
			t.Error(err)
		}
		wantReport(t, report, domain.Report{Queued: 100})
	})
}

// TestDeliverPage posts to a page that was read before, and cuts one that is too large, as Deliver does.
func TestDeliverPage(t *testing.T) {
	for members, want := range map[int]domain.Report{3: {Sent: 3}, 200: {Queued: 3}} {
		r := newRig(nil)
		r.connect(t, members, time.Hour)
		page, err := r.Page(t.Context(), domain.Everyone)
		if err != nil {
			t.Fatal(err)
		}
		told := domain.Report{}
		r.Ran = func(_ domain.Delivery, report domain.Report) { told = report }
		report, err := r.DeliverPage(t.Context(), message(), page, time.Now().Add(time.Minute))
		if err != nil || len(r.queue.queued) != report.Queued || told != report {
			t.Errorf("%d queued, told of %+v, %v", len(r.queue.queued), told, err)
		}
		if report.Sent != want.Sent || (report.Queued > 0) != (want.Queued > 0) {
			t.Errorf("%+v of %d members", report, members)
		}
	}
}
