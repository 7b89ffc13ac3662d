package domain_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// halfWritten is a registry that stores the user of a connection and then fails, as one does that needs two writes.
type halfWritten struct {
	*memory.Registry
	fails bool
}

// Connect implements domain.Registry.
func (r halfWritten) Connect(ctx context.Context, c domain.Connection) error {
	if err := r.Registry.Connect(ctx, c); err != nil || !r.fails {
		return err
	}
	if err := r.Remove(ctx, c); err != nil {
		return err
	}
	return fmt.Errorf("%w: throttled", domain.ErrUnavailable)
}

// connectAs connects with a connector that allows three connections.
func connectAs(t *testing.T, r domaintest.Store, user string) (id string, err error) {
	id = domaintest.NewID()
	uc := domain.Connector{Registry: r, Memberships: r, MaxPerUser: 3}
	return id, uc.Connect(t.Context(), id, time.Now(), domain.Identity{User: user})
}

func wantCode(t *testing.T, what string, err error, want domain.Code) {
	t.Helper()
	if err == nil || domain.Refusal(err).Code != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

// TestFailedConnectsCountForNothing, however many there were.
func TestFailedConnectsCountForNothing(t *testing.T) {
	r := new(memory.Registry)
	for range 5 {
		_, err := connectAs(t, halfWritten{r, true}, "ada")
		wantCode(t, "a failed connect", err, domain.Unavailable)
	}
	wantNoMembers(t, r, domain.UserAudience("ada"))
	if _, err := connectAs(t, r, "ada"); err != nil {
		t.Errorf("the next connect: %v", err)
	}
}

// TestFailureWhoseClientIsGone takes back what it wrote, though nobody waits for it any more.
func TestFailureWhoseClientIsGone(t *testing.T) {
	r := new(memory.Registry)
	ctx, cancel := context.WithCancel(t.Context())
	uc := domain.Connector{Registry: halfWritten{r, true}, Memberships: untilDone{r}, MaxPerUser: 3}
	cancel()
	if err := uc.Connect(ctx, "c", time.Now(), domain.Identity{User: "ada"}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Connect: %v", err)
	}
	wantNoMembers(t, r, domain.UserAudience("ada"))
}

// untilDone does nothing for somebody who is gone.
type untilDone struct{ *memory.Registry }

// Evict implements domain.Memberships.
func (r untilDone) Evict(ctx context.Context, id string, a domain.Audience) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", domain.ErrUnavailable, ctx.Err())
	}
	return r.Registry.Evict(ctx, id, a)
}

// TestRowsLeftBehind: what a connect that died left of itself does not count against its user, once it can't be one
// that is under way.
func TestRowsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(memory.Registry)
		half := halfWritten{r, true}
		for range 2 {
			c := domaintest.NewConnection("ada")
			_ = half.Connect(t.Context(), c) // And dies.
		}
		first, err := connectAs(t, r, "ada")
		if err != nil {
			t.Fatal(err)
		}
		_, err = connectAs(t, r, "ada")
		wantCode(t, "while the others may be connecting", err, domain.LimitExceeded)
		time.Sleep(30 * time.Second)
		for range 2 {
			if _, err := connectAs(t, r, "ada"); err != nil {
				t.Errorf("after they can't: %v", err)
			}
		}
		_, err = connectAs(t, r, "ada")
		wantCode(t, "the fourth that lives", err, domain.LimitExceeded)
		page, err := r.Members(t.Context(), domain.UserAudience("ada"), domain.Ring, 10)
		if err != nil || len(page.Members) != 3 {
			t.Errorf("members: %+v, %v", page.Members, err)
		}
		if _, err := r.Get(t.Context(), first); err != nil {
			t.Errorf("the first connection: %v", err)
		}
	})
}

// TestRowsLeftBehindThatStay are no reason to refuse, if they can't be removed.
func TestRowsLeftBehindThatStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(memory.Registry)
		for range 3 {
			_ = halfWritten{r, true}.Connect(t.Context(), domaintest.NewConnection("ada"))
		}
		time.Sleep(30 * time.Second)
		uc := domain.Connector{Registry: r, Memberships: stuck{r}, MaxPerUser: 3}
		if err := uc.Connect(t.Context(), "c", time.Now(), domain.Identity{User: "ada"}); err != nil {
			t.Errorf("Connect: %v", err)
		}
	})
}

// stuck evicts nobody.
type stuck struct{ *memory.Registry }

// Evict implements domain.Memberships.
func (stuck) Evict(context.Context, string, domain.Audience) error {
	return domain.ErrUnavailable
}

// TestConnectionsOnShortPages are counted on all of them: a page may have fewer than there are.
func TestConnectionsOnShortPages(t *testing.T) {
	r := onePerPage{new(memory.Registry)}
	for range 3 {
		if _, err := connectAs(t, r, "ada"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := connectAs(t, r, "ada")
	wantCode(t, "the fourth", err, domain.LimitExceeded)
	if _, err := connectAs(t, r, "bob"); err != nil {
		t.Errorf("another user: %v", err)
	}
}

// onePerPage is a registry with one member a page.
type onePerPage struct{ *memory.Registry }

// Members implements domain.Registry.
func (r onePerPage) Members(ctx context.Context, a domain.Audience, s domain.Span, _ int) (domain.Page, error) {
	return r.Registry.Members(ctx, a, s, 1)
}

// TestConnectionThatNobodyCanTell of is no reason to let somebody in, nor to keep one out for good.
func TestConnectionThatNobodyCanTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(memory.Registry)
		for range 3 {
			if _, err := connectAs(t, r, "ada"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		_, err := connectAs(t, unreadable{r}, "ada")
		wantCode(t, "the fourth", err, domain.Unavailable)
		if page, _ := r.Members(t.Context(), domain.UserAudience("ada"), domain.Ring, 10); len(page.Members) != 3 {
			t.Errorf("members: %v", page.Members)
		}
	})
}

// unreadable is a registry that finds no connection at the moment.
type unreadable struct{ *memory.Registry }

// Get implements domain.Registry.
func (unreadable) Get(context.Context, string) (domain.Connection, error) {
	return domain.Connection{}, domain.ErrUnavailable
}

// TestAnyNumberOfConnections: a limit of 0 is none.
func TestAnyNumberOfConnections(t *testing.T) {
	r := new(memory.Registry)
	uc := domain.Connector{Registry: r, Memberships: r}
	for range 5 {
		if err := uc.Connect(t.Context(), domaintest.NewID(), time.Now(), domain.Identity{User: "ada"}); err != nil {
			t.Error(err)
		}
	}
}

// TestConnectionEndsWithItsToken, a grace later.
func TestConnectionEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(memory.Registry)
		id, ends := domaintest.NewID(), time.Now().Add(time.Minute)
		uc := domain.Connector{Registry: r, Memberships: r, MaxPerUser: 3}
		if err := uc.Connect(t.Context(), id, time.Now(), domain.Identity{User: "ada", ExpiresAt: ends}); err != nil {
			t.Fatal(err)
		}
		if c, err := r.Get(t.Context(), id); err != nil || !c.ExpiresAt.Equal(ends.Add(domain.ExpiryGrace)) {
			t.Errorf("it ends at %v, %v; its token at %v", c.ExpiresAt, err, ends)
		}
	})
}

// counting is a registry that counts how often members are read.
type counting struct {
	*memory.Registry
	reads *int
}

// Members implements domain.Registry.
func (r counting) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	*r.reads++
	return r.Registry.Members(ctx, a, s, limit)
}

// TestCountingEndsAtTheLimit: who has many more connections than allowed costs no more than who has one more.
func TestCountingEndsAtTheLimit(t *testing.T) {
	reads := 0
	r := counting{new(memory.Registry), &reads}
	for range 30 {
		if err := r.Connect(t.Context(), domaintest.NewConnection("ada")); err != nil {
			t.Fatal(err)
		}
	}
	_, err := connectAs(t, r, "ada")
	if wantCode(t, "one more", err, domain.LimitExceeded); reads != 2 {
		t.Errorf("%d reads", reads)
	}
}
