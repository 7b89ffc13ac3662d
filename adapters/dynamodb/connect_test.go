package dynamodb_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// connector allows three connections of a user.
func connector(s store) domain.Connector {
	return domain.Connector{Registry: s, Memberships: s, MaxPerUser: 3}
}

func connectAs(t *testing.T, s store, user string, at time.Time) error {
	t.Helper()
	return connector(s).Connect(t.Context(), domaintest.NewID(), at, domain.Identity{User: user})
}

// throttledKeys throttles what writes to keys that begin in a certain way.
func throttledKeys(prefix string) dynamodblocal.Fault {
	return func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		if request.Header.Get("X-Amz-Target") == "DynamoDB_20120810.Query" || !bytes.Contains(body, []byte(`"S":"`+prefix)) {
			return nil, nil
		}
		return dynamodblocal.Refusal(http.StatusBadRequest, "ProvisionedThroughputExceededException")(n, request, send)
	}
}

// TestThrottledConnectsLockNobodyOut: the user's row is written first, and taken back when the connection's own is
// refused.
func TestThrottledConnectsLockNobodyOut(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	s.Registry.Table.Timeout = brief
	w.Inject(throttledKeys("all#"))
	for range 4 {
		if err := connectAs(t, s, "ada", time.Now()); domain.Refusal(err).Code != domain.Unavailable {
			t.Errorf("a throttled connect: %v", err)
		}
	}
	w.Inject(nil)
	if left := rows(t, s); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
	wantNil(t, connectAs(t, s, "ada", time.Now()))
}

// TestConnectsThatDiedLockNobodyOut: what could not be taken back either is removed by who finds the limit reached.
func TestConnectsThatDiedLockNobodyOut(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	for range 3 {
		c := domaintest.NewConnection("ada")
		c.ConnectedAt = c.ConnectedAt.Add(-time.Minute)
		w.Inject(dynamodblocal.Only(1, dynamodblocal.Refusal(http.StatusBadRequest, "AccessDeniedException")))
		if s.Connect(t.Context(), c) == nil {
			t.Fatal("the connect did not fail")
		}
	}
	w.Inject(nil)
	wantNil(t, connectAs(t, s, "ada", time.Now()))
	// A query to count, two to look at each of a page that is full, three reads, three deletes, and two rows.
	if n := w.Count(); n != 11 {
		t.Errorf("%d requests", n)
	}
	w.Inject(nil)
	wantNil(t, connectAs(t, s, "ada", time.Now()))
	if n := w.Count(); n != 3 {
		t.Errorf("%d requests below the limit", n)
	}
	wantNil(t, connectAs(t, s, "ada", time.Now()))
	if err := connectAs(t, s, "ada", time.Now()); domain.Refusal(err).Code != domain.LimitExceeded {
		t.Errorf("the fourth that lives: %v", err)
	}
}

// TestLimitWithEveryFault: each request of a connect at the limit may fail once without any trace.
func TestLimitWithEveryFault(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	for kind, f := range dynamodblocal.OnceFaults {
		t.Run(kind, func(t *testing.T) {
			for k := range 6 {
				c := domaintest.NewConnection("ada")
				c.ConnectedAt = c.ConnectedAt.Add(-time.Minute)
				empty(t, s)
				wantNil(t, s.Connect(t.Context(), c))
				wantNil(t, s.Remove(t.Context(), c))
				one := connector(s)
				one.MaxPerUser = 1
				w.Inject(dynamodblocal.Only(k, f))
				wantNil(t, one.Connect(t.Context(), "new", time.Now(), domain.Identity{User: "ada"}))
				w.Inject(nil)
				page, err := s.Members(t.Context(), domain.UserAudience("ada"), domain.Ring, 10)
				wantNil(t, err)
				if len(page.Members) != 1 || page.Members[0].ID != "new" {
					t.Errorf("a fault at request %d: %+v", k, page.Members)
				}
			}
		})
	}
}

// TestConnectionWithAnEmptySet: a set that was written empty would be a NULL, and to that nothing can be added.
func TestConnectionWithAnEmptySet(t *testing.T) {
	s := newStore(dynamodblocal.NewTable(t))
	c := domaintest.NewConnection("")
	c.Audiences = []domain.Audience{}
	wantNil(t, s.Connect(t.Context(), c))
	if created, err := s.Enter(t.Context(), c, "a", 20); !created || err != nil {
		t.Errorf("Enter = %v, %v", created, err)
	}
}
