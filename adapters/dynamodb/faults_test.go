package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// onceFaults are the faults that go away when a request is repeated.
var onceFaults = map[string]fault{
	"throttled":                 refusal(http.StatusBadRequest, "ProvisionedThroughputExceededException"),
	"too many requests":         refusal(http.StatusBadRequest, "ThrottlingException"),
	"collision":                 collision,
	"internal error":            refusal(http.StatusInternalServerError, "InternalServerError"),
	"unavailable":               refusal(http.StatusServiceUnavailable, "ServiceUnavailable"),
	"applied, then an error":    applied500,
	"applied, reply lost":       lost,
	"applied, reply incomplete": torn,
}

// TestEveryRequestMayFailOnce does each deed with each fault at each of its requests: result and rows must be the same
// as without, and closing must leave nothing behind.
func TestEveryRequestMayFailOnce(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	c := domaintest.NewConnection("ada")
	for name, do := range deeds {
		stored := prepare(t, s, c)
		w.inject(nil)
		want, requests := do(t.Context(), s, stored), w.count()
		wantRows := rows(t, s)
		for kind, f := range onceFaults {
			for k := range requests {
				t.Run(fmt.Sprintf("%s/%s/%d", name, kind, k), func(t *testing.T) {
					stored := prepare(t, s, c)
					w.inject(only(k, f))
					got := do(t.Context(), s, stored)
					w.inject(nil)
					if got != want {
						t.Errorf("got %s, want %s", got, want)
					}
					if got := rows(t, s); got != wantRows {
						t.Errorf("rows:\n%s\nwant:\n%s", got, wantRows)
					}
					wantClosed(t, s, c.ID, "another")
				})
			}
		}
	}
}

// wantClosed reaps connections, as whoever finds them gone in their user's audience does, and wants an empty table.
func wantClosed(t *testing.T, s store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		wantNil(t, s.closer().Reap(t.Context(), id, domain.UserAudience("ada")))
	}
	if left := rows(t, s); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// deaths are the ways for a closer to die at one of its requests, by the call of kill.
var deaths = []struct {
	name string
	// exact: the closer knows what became of the request, so that nothing is told twice.
	exact bool
	at    func(kill func()) fault
}{
	{"after the request", true, func(kill func()) fault {
		return func(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			response, err := whole(send())
			kill()
			return response, err
		}
	}},
	{"before the reply", false, func(kill func()) fault {
		return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			defer kill()
			return lost(n, request, send)
		}
	}},
	{"before the request is sent", false, func(kill func()) fault {
		return func(int, *http.Request, func() (*http.Response, error)) (*http.Response, error) {
			kill()
			return nil, context.Canceled
		}
	}},
}

// TestKilledCloser kills a closer at each of its requests, and then lets the next one finish: a second disconnect, or
// whoever finds the connection gone.
func TestKilledCloser(t *testing.T) {
	s, w := wired(t)
	c := domaintest.NewConnection("ada")
	stored := prepare(t, s, c)
	w.inject(nil)
	deeds["Close"](t.Context(), s, stored)
	next := map[string]func(domain.Closer) error{
		"closed": func(closer domain.Closer) error { return closer.Close(t.Context(), c.ID) },
		"reaped": func(closer domain.Closer) error { return closer.Reap(t.Context(), c.ID, "a") },
	}
	for k := range w.count() {
		for _, death := range deaths {
			for name, finish := range next {
				t.Run(fmt.Sprintf("%s %d, then %s", death.name, k, name), func(t *testing.T) {
					prepare(t, s, c)
					told := closeKilled(t, s, w, c.ID, k, death.at)
					rest, closer := telling(s)
					wantNil(t, finish(closer))
					wantTold(t, append(told, rest()...), death.exact)
					wantClosed(t, s)
				})
			}
		}
	}
}

// wantTold wants that a and b were told of: once each, or at least once.
func wantTold(t *testing.T, told []domain.Audience, exact bool) {
	t.Helper()
	slices.Sort(told)
	if !exact {
		told = slices.Compact(told)
	}
	if !slices.Equal(told, []domain.Audience{"a", "b"}) {
		t.Errorf("told of %v", told)
	}
}

// closeKilled closes a connection until the closer dies at request k, and returns whom it told before.
func closeKilled(t *testing.T, s store, w *wire, id string, k int, death func(kill func()) fault) []domain.Audience {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	w.inject(only(k, death(kill)))
	defer w.inject(nil)
	told, closer := telling(s)
	if err := closer.Close(ctx, id); err != nil && !(errors.Is(err, domain.ErrUnavailable) && errors.Is(err, context.Canceled)) {
		t.Errorf("the killed closer returned %v", err)
	}
	return told()
}

func TestConnectThatBreaksOffIsReaped(t *testing.T) {
	s, w := wired(t)
	c := domaintest.NewConnection("ada")
	w.inject(func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if n == 0 {
			return nil, nil
		}
		return refusal(http.StatusBadRequest, "AccessDeniedException")(n, request, send)
	})
	err := s.Connect(t.Context(), c)
	w.inject(nil)
	if left := rows(t, s); err == nil || left == "" {
		t.Errorf("Connect = %v, rows %q; want an error and the user's row", err, left)
	}
	wantClosed(t, s, c.ID)
}

func TestFaultsThatStayAreReported(t *testing.T) {
	tests := []struct {
		name, code  string
		fault       fault
		unavailable bool
	}{
		{"throttled", "ThrottlingException", refusal(http.StatusBadRequest, "ThrottlingException"), true},
		{"internal error", "InternalServerError", refusal(http.StatusInternalServerError, "InternalServerError"), true},
		{"collision", "TransactionCanceledException", collision, true},
		{"reply lost", "", lost, true},
		{"reply never comes", "", hung, true},
		{"forbidden", "AccessDeniedException", refusal(http.StatusBadRequest, "AccessDeniedException"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, w := wired(t)
			s.Memberships.Table.Patience = 300 * time.Millisecond
			w.inject(test.fault)
			_, err := s.Enter(t.Context(), domaintest.NewConnection(""), "a", 20)
			if errors.Is(err, domain.ErrUnavailable) != test.unavailable || err == nil {
				t.Errorf("got %v; is it unavailable: want %v", err, test.unavailable)
			}
			if api, ok := errors.AsType[smithy.APIError](err); ok != (test.code != "") || ok && api.ErrorCode() != test.code {
				t.Errorf("the cause is not told: %v", err)
			}
			if repeated := w.count() > 1; repeated != test.unavailable {
				t.Errorf("%d requests", w.count())
			}
		})
	}
}

func TestHungRequestIsRepeated(t *testing.T) {
	s, w := wired(t)
	c := domaintest.NewConnection("")
	wantNil(t, s.Connect(t.Context(), c))
	s.Memberships.Table.Patience = 3 * time.Second
	w.inject(only(0, hung))
	if created, err := s.Enter(t.Context(), c, "a", 20); !created || err != nil {
		t.Errorf("Enter = %v, %v", created, err)
	}
	w.inject(only(0, hung))
	if left, err := s.Evict(t.Context(), c.ID, "a"); !left || err != nil {
		t.Errorf("Evict = %v, %v", left, err)
	}
}
