package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// TestMayHave: where the reply to a change of a membership was lost, the change counts as made, whatever the
// repetition says, and also beside an error.
func TestMayHave(t *testing.T) {
	const listed = `{"aud":{"SS":["a"]}}`
	tests := []struct {
		name        string
		fault       dynamodblocal.Fault
		unavailable bool
	}{
		{"the repetition finds it made", firstLost(cancelled("ConditionalCheckFailed", "None", listed), cancelled("ConditionalCheckFailed", "None", `{}`)), false},
		{"every reply is lost", dynamodblocal.Lost, true},
		{"no reply comes", dynamodblocal.Hung, true},
		{"then it is refused", firstLost(forbidden, forbidden), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, w := wired(t)
			c := domaintest.NewConnection("")
			wantNil(t, s.Connect(t.Context(), c))
			for name, change := range map[string]func(context.Context) (bool, error){
				"Enter": func(ctx context.Context) (bool, error) { return s.Enter(ctx, c, "a", 20) },
				"Leave": func(ctx context.Context) (bool, error) { return s.Leave(ctx, c.ID, "b") },
			} {
				_, err := s.Enter(t.Context(), c, "b", 20)
				wantNil(t, err)
				timeout := s.Memberships.Table.Timeout
				if test.unavailable {
					s.Memberships.Table.Timeout = brief
				}
				w.Inject(test.fault)
				changed, err := change(t.Context())
				w.Inject(nil)
				s.Memberships.Table.Timeout = timeout
				if !changed || errors.Is(err, domain.ErrUnavailable) != test.unavailable {
					t.Errorf("%s = %v, %v", name, changed, err)
				}
			}
		})
	}
}

// TestMayNotHave: where no reply was lost, nothing was changed.
func TestMayNotHave(t *testing.T) {
	for kind, fault := range map[string]dynamodblocal.Fault{
		"throttled": dynamodblocal.Refusal(http.StatusBadRequest, "ThrottlingException"),
		"collision": dynamodblocal.Collision,
		"forbidden": forbidden,
	} {
		t.Run(kind, func(t *testing.T) {
			s, w := wired(t)
			s.Memberships.Table.Timeout = brief
			c := domaintest.NewConnection("")
			w.Inject(fault)
			if created, err := s.Enter(t.Context(), c, "a", 20); created || err == nil {
				t.Errorf("Enter = %v, %v", created, err)
			}
			if left, err := s.Leave(t.Context(), c.ID, "a"); left || err == nil {
				t.Errorf("Leave = %v, %v", left, err)
			}
		})
	}
}

var forbidden = dynamodblocal.Refusal(http.StatusBadRequest, "AccessDeniedException")

// firstLost applies the first request and loses the reply; what comes of the repetition depends on whether it enters
// or leaves.
func firstLost(enter, leave dynamodblocal.Fault) dynamodblocal.Fault {
	return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if n == 0 {
			return dynamodblocal.Lost(n, request, send)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(body), "ADD #aud") {
			return enter(n, request, send)
		}
		return leave(n, request, send)
	}
}

// cancelled is the answer to a transaction whose items failed for these reasons, by a service that has forgotten its
// token; stored is what it found for the first of them.
func cancelled(first, second, stored string) dynamodblocal.Fault {
	return dynamodblocal.Answer(http.StatusBadRequest, fmt.Sprintf(`{
		"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"injected",
		"CancellationReasons":[{"Code":%q,"Message":"injected","Item":%s},{"Code":%q}]}`, first, stored, second))
}
