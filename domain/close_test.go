package domain_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// entered connects somebody who is in audiences.
func entered(t *testing.T, r *memory.Registry, audiences ...domain.Audience) domain.Connection {
	t.Helper()
	c := domaintest.NewConnection("ada")
	if err := r.Connect(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, a := range audiences {
		if _, err := r.Enter(t.Context(), c, a, 20); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func wantNoMembers(t *testing.T, r *memory.Registry, audiences ...domain.Audience) {
	t.Helper()
	for _, a := range audiences {
		if page, _ := r.Members(t.Context(), a, domain.Ring, 10); len(page.Members) > 0 {
			t.Errorf("%s still has %v", a, page.Members)
		}
	}
}

func TestClosersTellOnceWhoDeparted(t *testing.T) {
	r := new(memory.Registry)
	c := entered(t, r, "a", "b")
	var told atomic.Int32
	closer := domain.Closer{Registry: r, Memberships: r, Departed: func(_ context.Context, left domain.Connection, _ domain.Audience) error {
		if left.ID != c.ID || left.User != "ada" {
			t.Errorf("departed: %+v", left)
		}
		told.Add(1)
		return nil
	}}
	done := make(chan error)
	for range 20 {
		go func() { done <- closer.Close(t.Context(), c.ID) }()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if told.Load() != 2 {
		t.Errorf("told %d times of two audiences", told.Load())
	}
	wantNoMembers(t, r, domain.Everyone, domain.UserAudience("ada"), "a", "b")
}

func TestClosingGoesOnWhenTellingFails(t *testing.T) {
	r := new(memory.Registry)
	c := entered(t, r, "a", "b")
	fault := errors.New("nobody listens")
	closer := domain.Closer{Registry: r, Memberships: r, Departed: func(context.Context, domain.Connection, domain.Audience) error {
		return fault
	}}
	if err := closer.Close(t.Context(), c.ID); !errors.Is(err, fault) {
		t.Errorf("Close: %v", err)
	}
	wantNoMembers(t, r, domain.Everyone, domain.UserAudience("ada"), "a", "b")
}

// lateEntry lets a connection enter one more audience between the reading of its row and the deletion of it.
type lateEntry struct {
	*memory.Registry
	enter func()
}

func (l *lateEntry) Remove(ctx context.Context, c domain.Connection) error {
	if enter := l.enter; enter != nil {
		l.enter = nil
		enter()
	}
	return l.Registry.Remove(ctx, c)
}

func TestClosingTakesWhatWasEnteredMeanwhile(t *testing.T) {
	r := &lateEntry{Registry: new(memory.Registry)}
	c := entered(t, r.Registry, "a")
	r.enter = func() {
		if _, err := r.Enter(t.Context(), c, "late", 20); err != nil {
			t.Error(err)
		}
	}
	if err := (domain.Closer{Registry: r, Memberships: r}).Close(t.Context(), c.ID); err != nil {
		t.Error(err)
	}
	wantNoMembers(t, r.Registry, domain.Everyone, "a", "late")
}

func TestReapingRemovesARowThatNoConnectionLists(t *testing.T) {
	r := new(memory.Registry)
	c := entered(t, r)
	closer := domain.Closer{Registry: r, Memberships: r}
	if err := r.Remove(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := closer.Reap(t.Context(), c.ID, domain.UserAudience("ada")); err != nil {
		t.Error(err)
	}
	wantNoMembers(t, r, domain.UserAudience("ada"))
}
