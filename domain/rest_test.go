package domain_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

func wantRest(t *testing.T, r *domain.Rests, id string, want time.Duration) {
	t.Helper()
	if got, _ := r.Left(id); got != want {
		t.Errorf("%s rests for %v, want %v", id, got, want)
	}
}

func TestRestDoublesUpToAMinute(t *testing.T) {
	for storm, most := range map[bool]time.Duration{false: time.Minute, true: 8 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := new(domain.Rests)
			wantRest(t, r, "a", 0)
			for want := time.Second; want < 10*time.Minute; want *= 2 {
				if got := r.Missed("a", storm); got != min(want, most) {
					t.Errorf("storm %v: a rest of %v, want %v", storm, got, min(want, most))
				}
				wantRest(t, r, "a", min(want, most))
				wantRest(t, r, "b", 0)
				time.Sleep(min(want, most))
				if left, afterwards := r.Left("a"); left > 0 || !afterwards {
					t.Errorf("after its rest: %v, %v", left, afterwards)
				}
			}
			r.Over("a")
			if left, afterwards := r.Left("a"); left > 0 || afterwards {
				t.Errorf("after it took a message: %v, %v", left, afterwards)
			}
		})
	}
}

// TestOnePostTriesWhoHasRested: the others wait for what comes of it, but not forever.
func TestOnePostTriesWhoHasRested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(domain.Rests)
		r.Missed("a", false)
		r.Missed("a", false) // Another post of the same moment.
		wantRest(t, r, "a", time.Second)
		time.Sleep(time.Second)
		wantRest(t, r, "a", 0)
		wantRest(t, r, "a", 3*time.Second)
		time.Sleep(3 * time.Second)
		wantRest(t, r, "a", 0)
		if got := r.Missed("a", false); got != 2*time.Second {
			t.Errorf("a rest of %v", got)
		}
		time.Sleep(2*time.Second + time.Minute)
		if left, afterwards := r.Left("a"); left > 0 || afterwards {
			t.Errorf("a minute after the rest: %v, %v", left, afterwards)
		}
	})
}

// TestRestsAreBounded has many goroutines use them, and more members fail than are remembered.
func TestRestsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(domain.Rests)
		var all sync.WaitGroup
		for g := range 4 {
			all.Go(func() {
				for i := range 5_000 {
					id := fmt.Sprint(g, "-", i)
					r.Missed(id, false)
					r.Left(id)
					if i%10 == 0 {
						r.Over(id)
					}
				}
			})
		}
		all.Wait()
		resting := 0
		for g := range 4 {
			for i := range 5_000 {
				if left, _ := r.Left(fmt.Sprint(g, "-", i)); left > 0 {
					resting++
				}
			}
		}
		if resting > 10_000 || resting < 9_000 {
			t.Errorf("%d members rest", resting)
		}
	})
}

// TestRestingMemberGetsNoPost, but the message once it has rested, unless it can find it elsewhere.
func TestRestingMemberGetsNoPost(t *testing.T) {
	for _, repairable := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(nil)
			id := r.connect(t, 1, time.Hour)[0]
			r.Rests.Missed(id, false)
			d := message()
			d.Repairable = repairable
			report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute))
			if err != nil || r.sent[id] > 0 {
				t.Errorf("%d posts, %v", r.sent[id], err)
			}
			if repairable {
				wantReport(t, report, domain.Report{Skipped: 1})
				return
			}
			wantReport(t, report, domain.Report{Queued: 1})
			again := r.queue.queued[0]
			if again.Attempt != 0 || again.Postponed != 1 || !again.Retry() || again.Delay < time.Second {
				t.Errorf("%+v was queued", again)
			}
			time.Sleep(again.Delay)
			report, err = r.Deliver(t.Context(), again, time.Now().Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			wantReport(t, report, domain.Report{Sent: 1})
		})
	}
}

// TestHangingMemberHoldsUpOneRequest: the runs of requests after it leave the member alone, and a member whose post
// had hardly begun when the run ended is not to blame.
func TestHangingMemberHoldsUpOneRequest(t *testing.T) {
	for begins, rests := range map[time.Duration]bool{0: true, 400 * time.Millisecond: false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(ctx context.Context, _ string) error { return hang(ctx) })
			id := r.connect(t, 1, time.Hour)[0]
			for try, want := range []time.Duration{domain.InlineShare - begins, 0} {
				if !rests {
					want = domain.InlineShare - begins
				}
				began := time.Now()
				if _, err := r.Deliver(t.Context(), message(), began.Add(domain.InlineShare-begins)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != want {
					t.Errorf("run %d took %v, want %v", try, took, want)
				}
			}
			if posts := map[bool]int{true: 1, false: 2}[rests]; r.sent[id] != posts {
				t.Errorf("%d posts, want %d", r.sent[id], posts)
			}
		})
	}
}

// TestDeafMemberDelaysNobody has deliveries to a deaf member keep a program's workers busy for two minutes, beside
// those to somebody else. Until the first posts to one who hangs have timed out, nobody can know.
func TestDeafMemberDelaysNobody(t *testing.T) {
	for name, deaf := range map[string]func(context.Context) error{
		"throttled": func(context.Context) error { return domain.ErrThrottled }, "hanging": hang,
	} {
		for _, repairable := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", repairable ", repairable), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { deafBeside(t, deaf, repairable) })
			})
		}
	}
}

func deafBeside(t *testing.T, post func(context.Context) error, repairable bool) {
	var deaf, other string
	r := newRig(func(ctx context.Context, id string) error {
		if id == deaf {
			return post(ctx)
		}
		return nil
	})
	ids := r.connect(t, 2, time.Hour)
	deaf, other = ids[0], ids[1]
	queue := new(memory.Queue)
	r.Queue = queue
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	began := time.Now()
	var late atomic.Int64
	var producing sync.WaitGroup
	defer producing.Wait()
	producing.Go(func() {
		for ctx.Err() == nil {
			line, mine := message(), message()
			line.Repairable, line.Members = repairable, []domain.Member{{ID: deaf}}
			mine.Members = []domain.Member{{ID: other}}
			_ = queue.Enqueue(ctx, line, mine)
			time.Sleep(50 * time.Millisecond)
		}
	})
	queue.Run(ctx, 4, func(_ context.Context, d domain.Delivery) error {
		if d.Members[0].ID == other && time.Since(began) > 4*time.Second && time.Since(d.AcceptedAt) > 200*time.Millisecond {
			late.Add(1)
		}
		_, err := r.Deliver(context.Background(), d, time.Now().Add(20*time.Second))
		return err
	})
	t.Logf("%d posts to the deaf member, %d to the other", r.sent[deaf], r.sent[other])
	if late.Load() > 0 || r.sent[other] < 2_390 {
		t.Errorf("%d messages to somebody else arrived, %d of them late", r.sent[other], late.Load())
	}
	if r.sent[deaf] > 50 {
		t.Errorf("%d posts to a deaf member", r.sent[deaf])
	}
}

// TestWhoseFaultAHangingPostIs: the member's, if it had a quarter of a second.
func TestWhoseFaultAHangingPostIs(t *testing.T) {
	const blamed = domain.InlineShare / 2
	for took, rests := range map[time.Duration]bool{blamed - 1: false, blamed: true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(ctx context.Context, _ string) error { return hang(ctx) })
			id := r.connect(t, 1, time.Hour)[0]
			if _, err := r.Deliver(t.Context(), message(), time.Now().Add(took)); err != nil {
				t.Fatal(err)
			}
			left, _ := r.Rests.Left(id)
			if rests && left <= 0 {
				t.Errorf("after a post of %v it does not rest", took)
			}
			if !rests && left > 0 {
				t.Errorf("after a post of %v it rests for %v", took, left)
			}
		})
	}
}

// TestMessageThatArrivesEndsTheRest, for those as well who wait for what comes of it.
func TestMessageThatArrivesEndsTheRest(t *testing.T) {
	for _, outcome := range []error{nil, domain.ErrGone, domain.ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return outcome })
			id := r.connect(t, 1, 0)[0]
			r.Rests.Missed(id, false)
			time.Sleep(time.Second)
			if _, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if left, afterwards := r.Rests.Left(id); left > 0 || afterwards {
				t.Errorf("outcome %v: it rests for %v, %v", outcome, left, afterwards)
			}
		})
	}
}

// TestMissedAfterItsRest: a member that nobody tried since begins a longer rest.
func TestMissedAfterItsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(domain.Rests)
		r.Missed("a", false)
		time.Sleep(2 * time.Second)
		if got := r.Missed("a", false); got != 2*time.Second {
			t.Errorf("a rest of %v", got)
		}
	})
}

// TestStormShortensNoRest that was longer before.
func TestStormShortensNoRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(domain.Rests)
		for range 6 {
			time.Sleep(r.Missed("a", false))
		}
		if got := r.Missed("a", true); got != 32*time.Second {
			t.Errorf("a rest of %v", got)
		}
	})
}

// TestDelayUntilSomebodyHasRested: a delivery comes back when the first of its members has, in whichever order they
// are. Before, a run could post to nobody; later, each would wait for whoever rests longest.
func TestDelayUntilSomebodyHasRested(t *testing.T) {
	const brief, short, long = 0, 1, 2
	for _, test := range []struct {
		members []int
		want    time.Duration
	}{
		{[]int{brief}, 2 * time.Second}, // As long as who is throttled for the first time.
		{[]int{short}, 8 * time.Second},
		{[]int{long}, 25 * time.Second},
		{[]int{short, long}, 8 * time.Second},
		{[]int{long, short}, 8 * time.Second},
		{[]int{short, brief, long}, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(nil)
			r.Concurrency = 1
			ids := r.connect(t, 3, time.Hour)
			r.rests(ids[long], 32*time.Second)
			r.rests(ids[short], 8*time.Second) // Seven seconds later.
			r.rests(ids[brief], time.Second)
			d := message()
			for _, i := range test.members {
				d.Members = append(d.Members, domain.Member{ID: ids[i]})
			}
			if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			again := r.queue.queued[0]
			if again.Delay != test.want || len(again.Members) != len(test.members) || len(r.sent) > 0 {
				t.Errorf("members %v come back after %v, want %v", test.members, again.Delay, test.want)
			}
		})
	}
}

// rests lets a member be missed until it rests for a time.
func (r *rig) rests(id string, want time.Duration) {
	for rest := r.Rests.Missed(id, false); rest < want; rest = r.Rests.Missed(id, false) {
		time.Sleep(rest)
		r.Rests.Left(id)
	}
}

// TestOnePostAfterARest: a member that has rested is not tried again and again in one run.
func TestOnePostAfterARest(t *testing.T) {
	for _, outcome := range []error{domain.ErrThrottled, errors.New("502")} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return outcome })
			id := r.connect(t, 1, 0)[0]
			r.Rests.Missed(id, false)
			time.Sleep(time.Second)
			report, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute))
			if err != nil || r.sent[id] != 1 || report.Queued != 1 {
				t.Errorf("%v: %d posts, %+v, %v", outcome, r.sent[id], report, err)
			}
		})
	}
}
