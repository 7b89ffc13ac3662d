package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
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
	departures := chat.Departures{Queue: r, NewID: r.newID}
	closer := domain.Closer{Registry: r.registry, Memberships: r.registry, Departed: func(ctx context.Context, c domain.Connection, a domain.Audience) error {
		defer worker()
		return departures.Departed(ctx, c, a)
	}}
	r.wantNil(closer.Close(r.t.Context(), who.ID))
}

// workAll delivers what is queued, until nothing is. What fails is handed out again.
func (r *rig) workAll() {
	for len(r.queued) > 0 {
		d := r.queued[0]
		r.queued = r.queued[1:]
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

func TestHangUpDuringJoin(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.connect("ada")
	r.meet("joined", func() error { r.hangUp(ada, func() {}); r.work(); return nil })
	r.join(ada)
	r.wantEvents(bob, ada, "left joined left")
}

func TestJoinDuringLeave(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.member("ada")
	r.meet("left", func() error { r.join(ada); return nil })
	r.leave(ada)
	r.wantEvents(bob, ada, "joined left joined")
}

func TestThrottledAnnouncementComesBackTrue(t *testing.T) {
	t.Run("joined", func(t *testing.T) {
		r := newRig(t)
		bob, ada := r.member("bob"), r.connect("ada")
		r.throttle("joined", 1)
		r.join(ada)
		r.leave(ada)
		r.wantEvents(bob, ada, "left left")
	})
	t.Run("left", func(t *testing.T) {
		r := newRig(t)
		bob, ada := r.member("bob"), r.member("ada")
		r.throttle("left", 1)
		r.leave(ada)
		r.join(ada)
		r.wantEvents(bob, ada, "joined joined")
	})
	t.Run("unchanged", func(t *testing.T) {
		r := newRig(t)
		bob, ada := r.member("bob"), r.connect("ada")
		r.throttle("joined", 2)
		r.join(ada)
		r.wantEvents(bob, ada, "joined")
	})
}

// TestThrottledJoinedComesBackWhileClosing: between the closer's two steps the member is still there, and has left.
func TestThrottledJoinedComesBackWhileClosing(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.connect("ada")
	r.throttle("joined", 1)
	r.join(ada)
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

func (v vague) Enter(ctx context.Context, c domain.Connection, a domain.Audience, max int) (bool, error) {
	if v.applied {
		_, _ = v.Memberships.Enter(ctx, c, a, max)
	}
	return true, domain.ErrUnavailable
}

func (v vague) Leave(ctx context.Context, id string, a domain.Audience) (bool, error) {
	if v.applied {
		_, _ = v.Memberships.Leave(ctx, id, a)
	}
	return true, domain.ErrUnavailable
}

// TestChangeOfUnknownOutcome is answered with unavailable, and what is told of it is true.
func TestChangeOfUnknownOutcome(t *testing.T) {
	for applied, want := range map[bool][]string{true: {"joined", "left"}, false: {"left", "joined"}} {
		r := newRig(t)
		bob, ada, eve := r.member("bob"), r.connect("ada"), r.member("eve")
		r.Memberships = vague{r.registry, applied}
		_, joined := r.Join(t.Context(), ada, room, nil)
		_, left := r.Leave(t.Context(), eve, room)
		if !errors.Is(joined, domain.ErrUnavailable) || !errors.Is(left, domain.ErrUnavailable) {
			t.Errorf("join: %v; leave: %v", joined, left)
		}
		r.workAll()
		pushes := r.received(bob)
		told := map[any]any{}
		for _, push := range pushes {
			told[push["connection"]] = push["type"]
		}
		if len(pushes) != 2 || told[ada.ID] != want[0] || told[eve.ID] != want[1] {
			t.Errorf("applied: %v; told: %v", applied, pushes)
		}
	}
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

// TestNobodyToTellIsNoLook: whoever comes into an empty room pays for no further read.
func TestNobodyToTellIsNoLook(t *testing.T) {
	r := newRig(t)
	counted := &counting{Registry: r.registry}
	r.FanOut.Registry = counted
	r.join(r.connect("ada"))
	if counted.reads != 1 {
		t.Errorf("%d reads", counted.reads)
	}
}

type counting struct {
	domain.Registry
	reads int
}

func (c *counting) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	c.reads++
	return c.Registry.Members(ctx, a, s, limit)
}
