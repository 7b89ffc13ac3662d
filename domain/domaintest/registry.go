// Package domaintest holds the contracts of domain's ports as test suites. An adapter's test calls the suite with a
// way to open the adapter, and is held to what every other one keeps. The suites run against real servers, so they
// share nothing between tests but what their ids keep apart.
package domaintest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"wsecho/domain"
)

// Store is what keeps connections and their memberships: two ports over the same rows.
type Store interface {
	domain.Registry
	domain.Memberships
}

// TestStore runs the contracts of domain.Registry and domain.Memberships. open returns an empty store; it is called
// once for every test.
func TestStore(t *testing.T, open func(*testing.T) Store) {
	tests := map[string]func(*testing.T, Store){
		"a connection is found again as it was stored":   connectionIsFound,
		"storing a connection again changes nothing":     connectingTwice,
		"storing a connection again after an eviction":   connectingAfterEviction,
		"storing a connection again while it is evicted": connectingRacesEviction,
		"removing":                                       removing,
		"every member is on exactly one page":            paging,
		"a span holds the members of its positions":      spans,
		"a user's audience holds the user's connections": userAudience,
		"an expired member is on no page":                expiry,
		"entering and leaving":                           entering,
		"evicting leaves the connection as it is":        evicting,
		"leaving after an eviction":                      leavingAfterEviction,
		"the limit of audiences":                         limit,
		"who is not connected cannot enter":              enteringUnconnected,
		"leaving does not bring a connection back":       leavingRevivesNothing,
		"closing removes every row":                      closing,
		"pages are right while members come and go":      pagingDuringChange,
		"entering races closing":                         enteringRacesClosing,
		"one of many who enter creates the membership":   enteringRaces,
		"one of many who leave ends the membership":      leavingRaces,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// NewID returns a connection id of the kind that API Gateway gives.
func NewID() string {
	var id [11]byte
	rand.Read(id[:])
	return base64.URLEncoding.EncodeToString(id[:])
}

// NewConnection returns a connection that began now and lasts.
func NewConnection(user string) domain.Connection {
	now := time.Now().Truncate(time.Millisecond)
	return domain.Connection{ID: NewID(), ConnectedAt: now, ExpiresAt: domain.Expiry(now, time.Time{}), User: user}
}

// connect stores n new connections.
func connect(t *testing.T, s Store, n int, user string) []domain.Connection {
	t.Helper()
	var all []domain.Connection
	for range n {
		c := NewConnection(user)
		if err := s.Connect(t.Context(), c); err != nil {
			t.Fatalf("Connect: %v", err)
		}
		all = append(all, c)
	}
	return all
}

// sweep reads all pages of an audience within a span, checking each page's form, and returns the ids in order.
func sweep(t *testing.T, s Store, a domain.Audience, span domain.Span, limit int) []string {
	t.Helper()
	var ids []string
	for more := true; more; {
		page, err := s.Members(t.Context(), a, span, limit)
		if err != nil {
			t.Fatalf("Members(%s, %v, %d): %v", a, span, limit, err)
		}
		if len(page.Members) > limit {
			t.Fatalf("Members(%s, %v, %d) returned %d members", a, span, limit, len(page.Members))
		}
		for _, m := range page.Members {
			if !span.Contains(domain.Position(m.ID)) {
				t.Errorf("Members(%s, %v) returned position %x", a, span, domain.Position(m.ID))
			}
			ids = append(ids, m.ID)
		}
		span, more = page.Rest, page.More
	}
	if !slices.IsSortedFunc(ids, byPosition) {
		t.Errorf("the pages of %s are not in the order of positions", a)
	}
	return ids
}

func byPosition(a, b string) int {
	if domain.Position(a) < domain.Position(b) {
		return -1
	}
	return 1
}

// idsOf returns the ids of connections in the order of their positions.
func idsOf(cs []domain.Connection) []string {
	var ids []string
	for _, c := range cs {
		ids = append(ids, c.ID)
	}
	slices.SortFunc(ids, byPosition)
	return ids
}

func wantIDs(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d members %v, want %d %v", what, len(got), brief(got), len(want), brief(want))
	}
}

func brief(ids []string) []string { return ids[:min(len(ids), 5)] }

func wantErr(t *testing.T, call string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", call, err, want)
	}
}

func wantGone(t *testing.T, s Store, id string) {
	t.Helper()
	if c, err := s.Get(t.Context(), id); !errors.Is(err, domain.ErrNotConnected) {
		t.Errorf("Get of a connection that is gone: %+v, %v", c, err)
	}
}

func connectionIsFound(t *testing.T, s Store) {
	for _, user := range []string{"", "ada"} {
		want := connect(t, s, 1, user)[0]
		got, err := s.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !got.ConnectedAt.Equal(want.ConnectedAt) || got.ExpiresAt.Sub(want.ExpiresAt).Abs() > time.Second {
			t.Errorf("times: got %v and %v, want %v and %v", got.ConnectedAt, got.ExpiresAt, want.ConnectedAt, want.ExpiresAt)
		}
		got.ConnectedAt, got.ExpiresAt = want.ConnectedAt, want.ExpiresAt
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("Get = %+v, want %+v", got, want)
		}
	}
	wantGone(t, s, NewID())
}

func connectingTwice(t *testing.T, s Store) {
	c := connect(t, s, 1, "ada")[0]
	enter(t, s, c, "a")
	if err := s.Connect(t.Context(), c); err != nil {
		t.Errorf("Connect for the second time: %v", err)
	}
	wantAudiences(t, s, c.ID, "a")
	for _, a := range []domain.Audience{domain.Everyone, domain.UserAudience("ada")} {
		wantIDs(t, string(a), sweep(t, s, a, domain.Ring, 10), []string{c.ID})
	}
}

// connectingAfterEviction is a repetition that comes while somebody closes the connection, or dies doing so.
func connectingAfterEviction(t *testing.T, s Store) {
	c := connect(t, s, 1, "ada")[0]
	before := enter(t, s, c, "a")
	for _, a := range []domain.Audience{"a", domain.UserAudience("ada")} {
		if err := s.Evict(t.Context(), c.ID, a); err != nil {
			t.Errorf("Evict(%s) = %v", a, err)
		}
	}
	if err := s.Connect(t.Context(), c); err != nil {
		t.Errorf("Connect again: %v", err)
	}
	wantAudiences(t, s, c.ID, "a")
	for _, a := range []domain.Audience{domain.Everyone, domain.UserAudience("ada")} {
		wantIDs(t, string(a), sweep(t, s, a, domain.Ring, 10), []string{c.ID})
	}
	wantIDs(t, "what it had entered", sweep(t, s, "a", domain.Ring, 10), nil)
	wantErr(t, "Remove of the version before", s.Remove(t.Context(), before), nil)
}

// connectingRacesEviction: whatever comes first, both are done.
func connectingRacesEviction(t *testing.T, s Store) {
	c := connect(t, s, 1, "ada")[0]
	together(20, func(i int) {
		if i%2 == 0 {
			if err := s.Connect(t.Context(), c); err != nil {
				t.Errorf("Connect again: %v", err)
			}
		} else if err := s.Evict(t.Context(), c.ID, domain.UserAudience("ada")); err != nil {
			t.Errorf("Evict: %v", err)
		}
	})
	if err := s.Connect(t.Context(), c); err != nil {
		t.Errorf("Connect again: %v", err)
	}
	wantIDs(t, "ada", sweep(t, s, domain.UserAudience("ada"), domain.Ring, 10), []string{c.ID})
}

func removing(t *testing.T, s Store) {
	c := connect(t, s, 1, "")[0]
	if _, err := s.Enter(t.Context(), c, "room", 20); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "Remove of an older version", s.Remove(t.Context(), c), domain.ErrChanged)
	now, err := s.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantErr(t, "Remove", s.Remove(t.Context(), now), nil)
		wantGone(t, s, c.ID)
	}
	wantIDs(t, "everyone", sweep(t, s, domain.Everyone, domain.Ring, 10), nil)
}

func paging(t *testing.T, s Store) {
	want := idsOf(connect(t, s, 300, ""))
	for _, limit := range []int{1000, 300, 100, 7} {
		got := sweep(t, s, domain.Everyone, domain.Ring, limit)
		wantIDs(t, fmt.Sprintf("pages of %d", limit), got, want)
	}
	wantIDs(t, "an audience without members", sweep(t, s, "empty", domain.Ring, 10), nil)
}

func spans(t *testing.T, s Store) {
	all := connect(t, s, 100, "")
	for _, n := range []int{2, 16, 17, 100} {
		var got []string
		for _, span := range domain.Ring.Split(n) {
			got = append(got, sweep(t, s, domain.Everyone, span, 9)...)
		}
		wantIDs(t, fmt.Sprintf("%d spans", n), got, idsOf(all))
	}
	at := domain.Position(all[0].ID)
	got := sweep(t, s, domain.Everyone, domain.Span{First: at, Last: at}, 9)
	wantIDs(t, "the span of one position", got, []string{all[0].ID})
}

func userAudience(t *testing.T, s Store) {
	ada := idsOf(connect(t, s, 3, "ada"))
	connect(t, s, 1, "adam")
	connect(t, s, 1, "")
	wantIDs(t, "ada", sweep(t, s, domain.UserAudience("ada"), domain.Ring, 2), ada)
	page, err := s.Members(t.Context(), domain.UserAudience("ada"), domain.Ring, 1)
	if end := time.Now().Add(domain.MaxLifetime); err == nil && page.Members[0].ExpiresAt.Sub(end).Abs() > time.Minute {
		t.Errorf("a member ends at %v, want about %v", page.Members[0].ExpiresAt, end)
	}
	if err != nil || page.Members[0].User != "ada" || time.Since(page.Members[0].ConnectedAt).Abs() > time.Minute {
		t.Errorf("the member is %+v, %v", page, err)
	}
}

func expiry(t *testing.T, s Store) {
	old := NewConnection("ada")
	old.ExpiresAt = time.Now().Add(-2 * time.Second)
	if err := s.Connect(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	lives := connect(t, s, 3, "ada")
	for _, a := range []domain.Audience{domain.Everyone, domain.UserAudience("ada")} {
		wantIDs(t, string(a), sweep(t, s, a, domain.Ring, 1), idsOf(lives))
	}
	if err := (domain.Closer{Registry: s, Memberships: s}).Close(t.Context(), old.ID); err != nil {
		t.Errorf("closing an expired connection: %v", err)
	}
	wantGone(t, s, old.ID)
}
