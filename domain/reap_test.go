package domain_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// tardy is a registry that takes its time to read a connection, or until ctx ends if that is sooner.
type tardy struct {
	*memory.Registry
	takes time.Duration
}

func (r tardy) Get(ctx context.Context, id string) (domain.Connection, error) {
	select {
	case <-time.After(r.takes):
		return r.Registry.Get(ctx, id)
	case <-ctx.Done():
		return domain.Connection{}, ctx.Err()
	}
}

// TestReapingOutlastsTheRun: who is found gone at the end of the inline share is closed all the same, even if whoever
// asked has given up.
func TestReapingOutlastsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, giveUp := context.WithCancel(t.Context())
		r := newRig(func(context.Context, string) error {
			time.Sleep(domain.InlineShare - time.Millisecond)
			giveUp()
			return domain.ErrGone
		})
		r.Closer.Registry = tardy{r.registry, 100 * time.Millisecond}
		id := r.connect(t, 1, time.Hour)[0]
		report, err := r.Deliver(ctx, message(), time.Now().Add(domain.InlineShare))
		if err != nil || r.connected(t, id) {
			t.Errorf("%v; it is still connected: %v", err, r.connected(t, id))
		}
		wantReport(t, report, domain.Report{Gone: 1})
	})
}

// TestSlowStoreDoesNotDelayPosts: those who are gone are reaped beside the posts, and for a bounded time.
func TestSlowStoreDoesNotDelayPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := map[string]bool{}
		r := newRig(func(_ context.Context, id string) error {
			if gone[id] {
				return domain.ErrGone
			}
			return nil
		})
		r.Closer.Registry = tardy{r.registry, time.Hour}
		for _, id := range r.connect(t, 100, time.Hour) {
			gone[id] = len(gone) < 2*r.Concurrency
		}
		began := time.Now()
		report, err := r.Deliver(t.Context(), message(), began.Add(domain.InlineShare))
		if took := time.Since(began); err != nil || took > domain.InlineShare+2*time.Second {
			t.Errorf("Deliver took %v, %v", took, err)
		}
		wantReport(t, report, domain.Report{Sent: 100 - 2*r.Concurrency, Gone: 2 * r.Concurrency})
	})
}

// TestWhatIsLeftIsQueuedBeforeReaping, which may take long.
func TestWhatIsLeftIsQueuedBeforeReaping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead string
		r := newRig(func(ctx context.Context, id string) error {
			if id == dead {
				return hang(ctx)
			}
			return domain.ErrGone
		})
		dead = r.connect(t, 2, time.Hour)[0]
		queued := 0
		r.Closer.Registry = asked{r.registry, func() { queued = len(r.queue.queued) }}
		if _, err := r.Deliver(t.Context(), message(), time.Now().Add(domain.InlineShare)); err != nil || queued != 1 {
			t.Errorf("%d deliveries were queued when somebody was reaped, %v", queued, err)
		}
	})
}

// asked calls a function when it is asked for a connection.
type asked struct {
	*memory.Registry
	call func()
}

func (a asked) Get(ctx context.Context, id string) (domain.Connection, error) {
	a.call()
	return a.Registry.Get(ctx, id)
}

// TestFinalReapsNobody: each whom it closed would be told of in the same way.
func TestFinalReapsNobody(t *testing.T) {
	for _, final := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(context.Context, string) error { return domain.ErrGone })
			id := r.connect(t, 1, time.Hour)[0]
			d := message()
			d.Condition = &domain.Condition{Connection: "unknown"}
			if !final {
				d.Condition.Otherwise = json.RawMessage(`{}`)
			}
			if _, err := r.Deliver(t.Context(), d, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			stays := r.connected(t, id)
			if final && !stays {
				t.Error("a final delivery reaped a connection")
			}
			if !final && stays {
				t.Error("a delivery that is not final reaped nobody")
			}
		})
	}
}

// refusing is a registry that finds no connection at the moment, and counts who asks.
type refusing struct {
	*memory.Registry
	asked *atomic.Int64
}

// Get implements domain.Registry.
func (r refusing) Get(context.Context, string) (domain.Connection, error) {
	r.asked.Add(1)
	return domain.Connection{}, domain.ErrUnavailable
}

// TestStoreThatRefusesIsAskedOnce in a run, however many are gone.
func TestStoreThatRefusesIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrGone })
		r.connect(t, 20, time.Hour)
		var asked atomic.Int64
		r.Closer.Registry = refusing{r.registry, &asked}
		if _, err := r.Deliver(t.Context(), message(), time.Now().Add(time.Minute)); err != nil || asked.Load() != 1 {
			t.Errorf("asked %d times, %v", asked.Load(), err)
		}
	})
}

// TestReapingIsConcurrent once the store was seen to answer: it has two seconds in all.
func TestReapingIsConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(context.Context, string) error { return domain.ErrGone })
		ids := r.connect(t, 5, time.Hour)
		r.Closer.Registry = tardy{r.registry, 300 * time.Millisecond}
		began := time.Now()
		if _, err := r.Deliver(t.Context(), message(), began.Add(time.Minute)); err != nil || time.Since(began) > time.Second {
			t.Errorf("it took %v, %v", time.Since(began), err)
		}
		for _, id := range ids {
			if r.connected(t, id) {
				t.Errorf("%s is still connected", id)
			}
		}
	})
}
