package domaintest

import (
	"slices"
	"sync"
	"testing"

	"wsecho/domain"
)

// enter makes c a member of audiences and returns the connection as it is then.
func enter(t *testing.T, s Store, c domain.Connection, audiences ...domain.Audience) domain.Connection {
	t.Helper()
	for _, a := range audiences {
		created, err := s.Enter(t.Context(), c, a, 20)
		if err != nil || !created {
			t.Fatalf("Enter(%s) = %v, %v", a, created, err)
		}
	}
	now, err := s.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func wantAudiences(t *testing.T, s Store, id string, want ...domain.Audience) {
	t.Helper()
	c, err := s.Get(t.Context(), id)
	slices.Sort(c.Audiences)
	if err != nil || !slices.Equal(c.Audiences, want) {
		t.Errorf("Get: audiences %v, %v; want %v", c.Audiences, err, want)
	}
}

func entering(t *testing.T, s Store) {
	c := connect(t, s, 1, "ada")[0]
	before := enter(t, s, c, "a", "b")
	if created, err := s.Enter(t.Context(), c, "a", 20); created || err != nil {
		t.Errorf("Enter for the second time = %v, %v", created, err)
	}
	wantAudiences(t, s, c.ID, "a", "b")
	wantIDs(t, "a", sweep(t, s, "a", domain.Ring, 9), []string{c.ID})
	for _, want := range []bool{true, false} {
		if left, err := s.Leave(t.Context(), c.ID, "a"); left != want || err != nil {
			t.Errorf("Leave = %v, %v; want %v", left, err, want)
		}
	}
	wantAudiences(t, s, c.ID, "b")
	wantIDs(t, "a", sweep(t, s, "a", domain.Ring, 9), nil)
	wantErr(t, "Remove after Leave", s.Remove(t.Context(), before), domain.ErrChanged)
}

func evicting(t *testing.T, s Store) {
	c := enter(t, s, connect(t, s, 1, "")[0], "a")
	for range 2 {
		wantErr(t, "Evict", s.Evict(t.Context(), c.ID, "a"), nil)
	}
	wantIDs(t, "a", sweep(t, s, "a", domain.Ring, 9), nil)
	wantAudiences(t, s, c.ID, "a")
	wantErr(t, "Remove of the version before Evict", s.Remove(t.Context(), c), nil)
}

// leavingAfterEviction is what a connection does that was taken for gone, and is not.
func leavingAfterEviction(t *testing.T, s Store) {
	c := enter(t, s, connect(t, s, 1, "")[0], "a", "b")
	if err := s.Evict(t.Context(), c.ID, "a"); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Leave(t.Context(), c.ID, "a"); left || err != nil {
		t.Errorf("Leave = %v, %v; want false", left, err)
	}
	wantAudiences(t, s, c.ID, "b")
	enter(t, s, c, "a")
	wantIDs(t, "a", sweep(t, s, "a", domain.Ring, 9), []string{c.ID})
}

func limit(t *testing.T, s Store) {
	c := connect(t, s, 1, "")[0]
	enter(t, s, c, "a", "b")
	_, err := s.Enter(t.Context(), c, "c", 2)
	wantErr(t, "Enter beyond the limit", err, domain.ErrLimit)
	if created, err := s.Enter(t.Context(), c, "b", 2); created || err != nil {
		t.Errorf("Enter again at the limit = %v, %v", created, err)
	}
	wantAudiences(t, s, c.ID, "a", "b")
	wantIDs(t, "c", sweep(t, s, "c", domain.Ring, 9), nil)
}

func enteringUnconnected(t *testing.T, s Store) {
	_, err := s.Enter(t.Context(), NewConnection(""), "a", 20)
	wantErr(t, "Enter", err, domain.ErrNotConnected)
	wantIDs(t, "a", sweep(t, s, "a", domain.Ring, 9), nil)
}

func leavingRevivesNothing(t *testing.T, s Store) {
	c := enter(t, s, connect(t, s, 1, "")[0], "a")
	if err := s.Remove(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Leave(t.Context(), c.ID, "a"); err != nil {
		t.Errorf("Leave of a connection that is gone: %v", err)
	}
	wantGone(t, s, c.ID)
	wantIDs(t, "everyone", sweep(t, s, domain.Everyone, domain.Ring, 9), nil)
}

func closing(t *testing.T, s Store) {
	c := enter(t, s, connect(t, s, 1, "ada")[0], "a", "b")
	stays := enter(t, s, connect(t, s, 1, "ada")[0], "a")
	for range 2 {
		if err := (domain.Closer{Registry: s, Memberships: s}).Close(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	wantGone(t, s, c.ID)
	for _, a := range []domain.Audience{domain.Everyone, domain.UserAudience("ada"), "a"} {
		wantIDs(t, string(a), sweep(t, s, a, domain.Ring, 9), []string{stays.ID})
	}
	wantIDs(t, "b", sweep(t, s, "b", domain.Ring, 9), nil)
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { f(i) })
	}
	running.Wait()
}

// pagingDuringChange has 20 goroutines connect, enter, leave and close while pages are read: those who are there
// throughout must be on exactly one page of every sweep.
func pagingDuringChange(t *testing.T, s Store) {
	stay := connect(t, s, 60, "")
	for _, c := range stay {
		enter(t, s, c, "a")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(20, func(int) {
			for range 5 {
				comeAndGo(t, s)
			}
		})
	}()
	for busy := true; busy; {
		select {
		case <-done:
			busy = false
		default:
		}
		for _, a := range []domain.Audience{domain.Everyone, "a"} {
			wantOnce(t, string(a), sweep(t, s, a, domain.Ring, 11), stay)
		}
	}
	wantIDs(t, "everyone at the end", sweep(t, s, domain.Everyone, domain.Ring, 11), idsOf(stay))
	wantIDs(t, "a at the end", sweep(t, s, "a", domain.Ring, 11), idsOf(stay))
}

func comeAndGo(t *testing.T, s Store) {
	c := NewConnection("")
	steps := []func() error{
		func() error { return s.Connect(t.Context(), c) },
		func() error { _, err := s.Enter(t.Context(), c, "a", 20); return err },
		func() error { _, err := s.Leave(t.Context(), c.ID, "a"); return err },
		func() error { _, err := s.Enter(t.Context(), c, "a", 20); return err },
		func() error { return domain.Closer{Registry: s, Memberships: s}.Close(t.Context(), c.ID) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
}

func wantOnce(t *testing.T, what string, got []string, stay []domain.Connection) {
	t.Helper()
	times := map[string]int{}
	for _, id := range got {
		times[id]++
	}
	for _, c := range stay {
		if times[c.ID] != 1 {
			t.Errorf("%s: a member who stayed was listed %d times", what, times[c.ID])
		}
	}
}

// enteringRacesClosing lets a connection enter while it is closed: there must be no member without a connection.
func enteringRacesClosing(t *testing.T, s Store) {
	closer := domain.Closer{Registry: s, Memberships: s}
	together(20, func(int) {
		c := NewConnection("")
		if err := s.Connect(t.Context(), c); err != nil {
			t.Error(err)
		}
		together(2, func(i int) {
			var err error
			if i == 0 {
				err = closer.Close(t.Context(), c.ID)
			} else if _, err = s.Enter(t.Context(), c, "a", 20); err == domain.ErrNotConnected {
				err = nil
			}
			if err != nil {
				t.Error(err)
			}
		})
		wantGone(t, s, c.ID)
	})
	wantIDs(t, "a", sweep(t, s, "a", domain.Ring, 9), nil)
}

func enteringRaces(t *testing.T, s Store) {
	c := connect(t, s, 1, "")[0]
	wantOneWinner(t, func() (bool, error) { return s.Enter(t.Context(), c, "a", 20) })
	wantAudiences(t, s, c.ID, "a")
}

func leavingRaces(t *testing.T, s Store) {
	c := enter(t, s, connect(t, s, 1, "")[0], "a")
	wantOneWinner(t, func() (bool, error) { return s.Leave(t.Context(), c.ID, "a") })
}

// wantOneWinner calls f 20 times at once; exactly one may return true.
func wantOneWinner(t *testing.T, f func() (bool, error)) {
	t.Helper()
	var mu sync.Mutex
	winners := 0
	together(20, func(int) {
		won, err := f()
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		if won {
			winners++
		}
	})
	if winners != 1 {
		t.Errorf("%d of 20 were told that it was them", winners)
	}
}
