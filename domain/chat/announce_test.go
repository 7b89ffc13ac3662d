package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// met is a sender on whose way announcements may meet with something; what happens to one is decided once.
type met struct {
	*rig
	onWay map[string]func() error // By type of the push.
}

// meet lets something happen to the next push of a type, before it arrives.
func (r *rig) meet(kind string, happens func() error) {
	r.FanOut.Sender = &met{r, map[string]func() error{kind: happens}}
}

// Send implements domain.Sender.
func (m *met) Send(ctx context.Context, id string, data []byte) error {
	for kind, happens := range m.onWay {
		if strings.Contains(string(data), `"type":"`+kind+`"`) {
			delete(m.onWay, kind)
			if err := happens(); err != nil {
				return err
			}
		}
	}
	return m.rig.Send(ctx, id, data)
}

func (r *rig) join(who domain.Caller) {
	_, err := r.Join(r.t.Context(), who, room, nil)
	r.wantNil(err)
}
func (r *rig) leave(who domain.Caller) { _, err := r.Leave(r.t.Context(), who, room); r.wantNil(err) }

// hangUp closes a connection, with a queue whose worker does what a test says.
func (r *rig) hangUp(who domain.Caller, worker func()) {
	announcer := chat.Announcer{Queue: r, NewID: r.newID}
	closer := domain.Closer{Registry: r.registry, Memberships: r.registry, OnLeave: func(ctx context.Context, c domain.Connection, a domain.Audience) error {
		defer worker()
		return announcer.AnnounceLeave(ctx, c, a)
	}}
	r.wantNil(closer.Close(r.t.Context(), who.ID))
}

// workAll delivers what is queued when its time has come, until nothing is. What fails is handed out again.
func (r *rig) workAll() {
	for len(r.queued) > 0 {
		d := r.queued[0]
		r.queued = r.queued[1:]
		time.Sleep(d.Delay)
		d.Delay = 0
		if _, err := r.FanOut.Deliver(r.t.Context(), d, time.Now().Add(time.Minute)); err != nil {
			r.queued = append(r.queued, d)
		}
	}
}

// events returns the announcements of one connection that another one got since the last time.
func (r *rig) events(who, of domain.Caller) string {
	r.workAll()
	var all []string
	for _, push := range r.received(who) {
		if push["connection"] == of.ID {
			all = append(all, fmt.Sprint(push["type"]))
		}
	}
	return strings.Join(all, " ")
}

func (r *rig) wantEvents(who, of domain.Caller, want string) {
	r.t.Helper()
	if got := r.events(who, of); got != want {
		r.t.Errorf("told: %q, want %q", got, want)
	}
}

// throttled is what comes of all tries of one run.
func (r *rig) throttle(kind string, runs int) {
	var again func() error
	tries := 3 * runs
	again = func() error {
		if tries--; tries > 0 {
			r.FanOut.Sender.(*met).onWay[kind] = again
		}
		return domain.ErrThrottled
	}
	r.meet(kind, again)
}

func TestHangUpDuringJoin(t *testing.T) { synctest.Test(t, hangUpDuringJoin) }

func hangUpDuringJoin(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.connect("ada")
	r.meet("joined", func() error { r.hangUp(ada, func() {}); r.work(); return nil })
	r.join(ada)
	r.wantEvents(bob, ada, "left joined left")
}

func TestJoinDuringLeave(t *testing.T) { synctest.Test(t, joinDuringLeave) }

func joinDuringLeave(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.member("ada")
	r.meet("left", func() error { r.join(ada); r.work(); return nil })
	r.leave(ada)
	r.wantEvents(bob, ada, "joined left joined")
}

func TestThrottledAnnouncementComesBackTrue(t *testing.T) {
	for name, test := range map[string]func(*rig, domain.Caller, domain.Caller){
		"joined": func(r *rig, bob, ada domain.Caller) {
			r.throttle("joined", 1)
			r.join(ada)
			r.work()
			r.leave(ada)
			r.wantEvents(bob, ada, "left left")
		},
		"left": func(r *rig, bob, ada domain.Caller) {
			r.join(ada)
			r.wantEvents(bob, ada, "joined")
			r.throttle("left", 1)
			r.leave(ada)
			r.work()
			r.join(ada)
			r.wantEvents(bob, ada, "joined joined")
		},
		"unchanged": func(r *rig, bob, ada domain.Caller) {
			r.throttle("joined", 2)
			r.join(ada)
			r.wantEvents(bob, ada, "joined")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				test(r, r.member("bob"), r.connect("ada"))
			})
		})
	}
}

// TestThrottledJoinedComesBackWhileClosing: between the closer's two steps the member is still there, and has left.
func TestThrottledJoinedComesBackWhileClosing(t *testing.T) {
	synctest.Test(t, throttledJoinedComesBackWhileClosing)
}

func throttledJoinedComesBackWhileClosing(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.connect("ada")
	r.throttle("joined", 1)
	r.join(ada)
	r.work()
	late := r.queued
	r.queued = nil
	r.hangUp(ada, func() {
		r.work()
		r.queued = append(r.queued, late...)
		late = nil
		r.work()
	})
	if got := r.events(bob, ada); !strings.HasSuffix(got, "left") || !strings.Contains(got, "joined") {
		t.Errorf("told: %q", got)
	}
}

// vague memberships are changed or not, and nobody knows.
type vague struct {
	domain.Memberships
	applied bool
}

func (v vague) Leave(ctx context.Context, id string, a domain.Audience) (bool, error) {
	if v.applied {
		_, _ = v.Memberships.Leave(ctx, id, a)
	}
	return true, domain.ErrUnavailable
}

// TestLeaveOfUnknownOutcome is answered with unavailable, and what is told of it is true.
func TestLeaveOfUnknownOutcome(t *testing.T) { synctest.Test(t, leaveOfUnknownOutcome) }

func leaveOfUnknownOutcome(t *testing.T) {
	for applied, want := range map[bool]string{true: "left", false: "joined"} {
		r := newRig(t)
		bob, eve := r.member("bob"), r.member("eve")
		r.Memberships = vague{r.registry, applied}
		if _, err := r.Leave(t.Context(), eve, room); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("leave: %v", err)
		}
		if got := r.events(bob, eve); !strings.HasSuffix(got, want) || applied && got != want {
			t.Errorf("applied: %v; told: %q", applied, got)
		}
	}
}

// quickWorker has a worker deliver what is queued before a membership ends.
type quickWorker struct {
	domain.Memberships
	work func()
}

func (q quickWorker) Leave(ctx context.Context, id string, a domain.Audience) (bool, error) {
	q.work()
	return q.Memberships.Leave(ctx, id, a)
}

// TestWorkerIsQuickerThanALeave: what is queued before it is true is not lost by being looked at too early.
func TestWorkerIsQuickerThanALeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		bob, eve := r.member("bob"), r.member("eve")
		r.Memberships = quickWorker{r.registry, r.work}
		r.leave(eve)
		r.wantEvents(bob, eve, "left")
	})
}

// TestWhatCannotBeToldIsNotDone: without the queue nobody leaves, and who joins is asked to do so again.
func TestWhatCannotBeToldIsNotDone(t *testing.T) {
	r := newRig(t)
	ada, eve := r.connect("ada"), r.member("eve")
	r.FanOut.Queue = fullQueue{r}
	_, joined := r.Join(t.Context(), ada, room, nil)
	_, left := r.Leave(t.Context(), eve, room)
	if !errors.Is(joined, domain.ErrUnavailable) || !errors.Is(left, domain.ErrUnavailable) {
		t.Errorf("join: %v; leave: %v", joined, left)
	}
	if c, _ := r.registry.Get(t.Context(), eve.ID); len(c.Audiences) != 1 {
		t.Errorf("eve is in %v", c.Audiences)
	}
}

// fullQueue takes nothing.
type fullQueue struct{ domain.Queue }

func (fullQueue) Enqueue(context.Context, ...domain.Delivery) error { return domain.ErrUnavailable }

// TestNobodyIsToldOfStrangers: who is not in a room can't have its members told that it left.
func TestNobodyIsToldOfStrangers(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.connect("ada")
	r.leave(ada)
	r.wantEvents(bob, ada, "")
}

// flickering is a registry that lists nobody now and then.
type flickering struct {
	domain.Registry
	fails []bool
}

func (f *flickering) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	fail := len(f.fails) > 0 && f.fails[0]
	f.fails = f.fails[min(1, len(f.fails)):]
	if fail {
		return domain.Page{}, domain.ErrUnavailable
	}
	return f.Registry.Members(ctx, a, s, limit)
}

// TestAnnouncementOutlivesFailingReads, whichever of them fails.
func TestAnnouncementOutlivesFailingReads(t *testing.T) {
	synctest.Test(t, announcementOutlivesFailingReads)
}

func announcementOutlivesFailingReads(t *testing.T) {
	for n := range 6 {
		r := newRig(t)
		bob, ada := r.member("bob"), r.connect("ada")
		r.FanOut.Registry = &flickering{r.registry, append(make([]bool, n), true)}
		r.join(ada)
		if got := r.events(bob, ada); !strings.HasSuffix(got, "joined") || strings.Contains(got, "left") {
			t.Errorf("read %d fails: told %q", n, got)
		}
		r.FanOut.Registry = &flickering{r.registry, append(make([]bool, n), true)}
		r.hangUp(ada, func() {})
		if got := r.events(bob, ada); !strings.HasSuffix(got, "left") || strings.Contains(got, "joined") {
			t.Errorf("read %d fails: told %q", n, got)
		}
	}
}
