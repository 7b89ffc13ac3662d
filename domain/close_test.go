package domain_test

import (
	"context"
	"errors"
	"slices"
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

// TestClosersTellWhoLeft lets many close at once: each audience is told, at least once.
func TestClosersTellWhoLeft(t *testing.T) {
	r := new(memory.Registry)
	c := entered(t, r, "a", "b")
	var a, b atomic.Int32
	closer := domain.Closer{Registry: r, Memberships: r, OnLeave: func(_ context.Context, left domain.Connection, of domain.Audience) error {
		if left.ID != c.ID || left.User != "ada" {
			t.Errorf("onLeave: %+v", left)
		}
		map[domain.Audience]*atomic.Int32{"a": &a, "b": &b}[of].Add(1)
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
	if a.Load() == 0 || b.Load() == 0 {
		t.Errorf("a was told %d times, b %d times", a.Load(), b.Load())
	}
	wantNoMembers(t, r, domain.Everyone, domain.UserAudience("ada"), "a", "b")
}

// TestTellingComesBeforeDeleting: a closer that dies in between leaves the row by which the next one knows.
func TestTellingComesBeforeDeleting(t *testing.T) {
	r := new(memory.Registry)
	c := entered(t, r, "a", "b")
	told := 0
	closer := domain.Closer{Registry: r, Memberships: r, OnLeave: func(ctx context.Context, _ domain.Connection, a domain.Audience) error {
		told++
		if page, err := r.Members(ctx, a, domain.Ring, 10); err != nil || len(page.Members) != 1 {
			t.Errorf("%s was told when its members were %v, %v", a, page.Members, err)
		}
		return nil
	}}
	if err := closer.Close(t.Context(), c.ID); err != nil || told != 2 {
		t.Errorf("told %d times, %v", told, err)
	}
	wantNoMembers(t, r, "a", "b")
}

// TestWhatCouldNotBeToldStays for whoever closes next; the rest is done.
func TestWhatCouldNotBeToldStays(t *testing.T) {
	r := new(memory.Registry)
	c := entered(t, r, "a", "b")
	fault := errors.New("nobody listens")
	var told []domain.Audience
	closer := domain.Closer{Registry: r, Memberships: r, OnLeave: func(_ context.Context, _ domain.Connection, a domain.Audience) error {
		if a == "a" && fault != nil {
			return fault
		}
		told = append(told, a)
		return nil
	}}
	if err := closer.Close(t.Context(), c.ID); !errors.Is(err, fault) {
		t.Errorf("Close: %v", err)
	}
	wantNoMembers(t, r, domain.UserAudience("ada"), "b")
	for _, a := range []domain.Audience{domain.Everyone, "a"} {
		if page, _ := r.Members(t.Context(), a, domain.Ring, 10); len(page.Members) != 1 {
			t.Errorf("the members of %s are %v", a, page.Members)
		}
	}
	fault = nil
	if err := closer.Close(t.Context(), c.ID); err != nil || !slices.Contains(told, "a") {
		t.Errorf("the next closer told %v, %v", told, err)
	}
	wantNoMembers(t, r, domain.Everyone, "a")
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
