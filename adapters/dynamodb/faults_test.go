package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// unknownOutcome are those faults that go away after which nobody knows whether the request was applied.
var unknownOutcome = []string{
	"internal error", "unavailable", "applied, then an error", "applied, reply lost", "applied, reply incomplete",
}

// TestEveryRequestMayFailOnce does each deed with each fault at each of its requests: result and rows must be the same
// as without, and closing must leave nothing behind. Only that a deed changed nothing may come out as that it may have.
func TestEveryRequestMayFailOnce(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	c := domaintest.NewConnection("ada")
	for name, do := range deeds {
		stored := prepare(t, s, c)
		w.Inject(nil)
		want, requests := do(t.Context(), s, stored), w.Count()
		wantRows := rows(t, s)
		for kind, f := range dynamodblocal.OnceFaults {
			for k := range requests {
				t.Run(fmt.Sprintf("%s/%s/%d", name, kind, k), func(t *testing.T) {
					stored := prepare(t, s, c)
					w.Inject(dynamodblocal.Only(k, f))
					got := do(t.Context(), s, stored)
					w.Inject(nil)
					mayHave := slices.Contains(unknownOutcome, kind) && got == strings.Replace(want, "false", "true", 1)
					if got != want && !mayHave {
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

// TestKilledCloser kills a closer at each of its requests, and then lets the next one finish: a second disconnect, or
// whoever finds the connection gone.
func TestKilledCloser(t *testing.T) {
	s, w := wired(t)
	c := domaintest.NewConnection("ada")
	stored := prepare(t, s, c)
	w.Inject(nil)
	deeds["Close"](t.Context(), s, stored)
	next := map[string]func(domain.Closer) error{
		"closed": func(closer domain.Closer) error { return closer.Close(t.Context(), c.ID) },
		"reaped": func(closer domain.Closer) error { return closer.Reap(t.Context(), c.ID, "a") },
	}
	for k := range w.Count() {
		for _, death := range dynamodblocal.Deaths {
			for name, finish := range next {
				t.Run(fmt.Sprintf("%s %d, then %s", death.Name, k, name), func(t *testing.T) {
					prepare(t, s, c)
					told := closeKilled(t, s, w, c.ID, k, death.At)
					rest, closer := telling(s)
					wantNil(t, finish(closer))
					wantTold(t, append(told, rest()...))
					wantClosed(t, s)
				})
			}
		}
	}
}

// wantTold wants that a and b were told of, at least once.
func wantTold(t *testing.T, told []domain.Audience) {
	t.Helper()
	slices.Sort(told)
	if told = slices.Compact(told); !slices.Equal(told, []domain.Audience{"a", "b"}) {
		t.Errorf("told of %v", told)
	}
}

// closeKilled closes a connection until the closer dies at request k, and returns whom it told before.
func closeKilled(t *testing.T, s store, w *dynamodblocal.Wire, id string, k int, death func(kill func()) dynamodblocal.Fault) []domain.Audience {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	w.Inject(dynamodblocal.Only(k, death(kill)))
	defer w.Inject(nil)
	told, closer := telling(s)
	if err := closer.Close(ctx, id); err != nil && !(errors.Is(err, domain.ErrUnavailable) && errors.Is(err, context.Canceled)) {
		t.Errorf("the killed closer returned %v", err)
	}
	return told()
}

func TestConnectThatBreaksOffIsReaped(t *testing.T) {
	s, w := wired(t)
	c := domaintest.NewConnection("ada")
	w.Inject(func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if n == 0 {
			return nil, nil
		}
		return dynamodblocal.Refusal(http.StatusBadRequest, "AccessDeniedException")(n, request, send)
	})
	err := s.Connect(t.Context(), c)
	w.Inject(nil)
	if left := rows(t, s); err == nil || left == "" {
		t.Errorf("Connect = %v, rows %q; want an error and the user's row", err, left)
	}
	wantClosed(t, s, c.ID)
}

// brief is how long requests may take that are to fail. Those that are not have longer: the machine may be busy.
const brief = time.Second

func TestFaultsThatStayAreReported(t *testing.T) {
	tests := []struct {
		name, code  string
		fault       dynamodblocal.Fault
		unavailable bool
	}{
		{"throttled", "ThrottlingException", dynamodblocal.Refusal(http.StatusBadRequest, "ThrottlingException"), true},
		{"internal error", "InternalServerError", dynamodblocal.Refusal(http.StatusInternalServerError, "InternalServerError"), true},
		{"collision", "TransactionCanceledException", dynamodblocal.Collision, true},
		{"reply lost", "", dynamodblocal.Lost, true},
		{"reply never comes", "", dynamodblocal.Hung, true},
		{"throttled, and then no reply", "ThrottlingException", func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			if n == 0 {
				return dynamodblocal.Refusal(http.StatusBadRequest, "ThrottlingException")(n, request, send)
			}
			return dynamodblocal.Hung(n, request, send)
		}, true},
		{"forbidden", "AccessDeniedException", dynamodblocal.Refusal(http.StatusBadRequest, "AccessDeniedException"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, w := wired(t)
			s.Memberships.Table.Timeout = brief
			w.Inject(test.fault)
			_, err := s.Enter(t.Context(), domaintest.NewConnection(""), "a", 20)
			if errors.Is(err, domain.ErrUnavailable) != test.unavailable || err == nil {
				t.Errorf("got %v; is it unavailable: want %v", err, test.unavailable)
			}
			told := ""
			if api, ok := errors.AsType[smithy.APIError](err); ok {
				told = api.ErrorCode()
			}
			if told != test.code {
				t.Errorf("the cause %q is not told: %v", test.code, err)
			}
			if repeated := w.Count() > 1; repeated != test.unavailable {
				t.Errorf("%d requests", w.Count())
			}
		})
	}
}

func TestHungRequestIsRepeated(t *testing.T) {
	s, w := wired(t)
	c := domaintest.NewConnection("")
	wantNil(t, s.Connect(t.Context(), c))
	s.Memberships.Table.Timeout = 3 * time.Second
	w.Inject(dynamodblocal.Only(0, dynamodblocal.Hung))
	if created, err := s.Enter(t.Context(), c, "a", 20); !created || err != nil {
		t.Errorf("Enter = %v, %v", created, err)
	}
	w.Inject(dynamodblocal.Only(0, dynamodblocal.Hung))
	wantNil(t, s.Evict(t.Context(), c.ID, "a"))
}
