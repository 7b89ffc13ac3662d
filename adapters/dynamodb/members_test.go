package dynamodb_test

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// TestSmallTableTakesTwoRounds holds back the requests after the first until there are fifteen of them: without a
// second round for all keys that are left, they would wait in vain.
func TestSmallTableTakesTwoRounds(t *testing.T) {
	s, w := wired(t)
	for range 10 {
		wantNil(t, s.Connect(t.Context(), domaintest.NewConnection("")))
	}
	var waiting atomic.Int64
	together := make(chan struct{})
	w.Inject(func(n int, request *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		if n == 0 {
			return nil, nil
		}
		if waiting.Add(1) == 15 {
			close(together)
		}
		select {
		case <-together:
			return nil, nil
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	})
	page, err := s.Members(t.Context(), domain.Everyone, domain.Ring, 126)
	wantNil(t, err)
	if len(page.Members) != 10 || page.More || w.Count() != 16 {
		t.Errorf("%d members in %d requests; more: %v", len(page.Members), w.Count(), page.More)
	}
}

// TestManyExpiredAreSkippedTogether has one who lives behind a thousand who expired, which must not take a thousand
// queries.
func TestManyExpiredAreSkippedTogether(t *testing.T) {
	s, counted := metered(t)
	seed(t, s, 1000, func(row map[string]types.AttributeValue) {
		row["exp"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Unix()-1, 10)}
	})
	lives := domaintest.NewConnection("")
	wantNil(t, s.Connect(t.Context(), lives))
	counted.Take()
	page, err := s.Members(t.Context(), domain.Everyone, domain.Ring, 1)
	wantNil(t, err)
	if requests := counted.Take().Requests; len(page.Members) != 1 || page.Members[0].ID != lives.ID || requests > 150 {
		t.Errorf("%v in %d requests", page.Members, requests)
	}
}

// TestOneFailedKeyFailsThePage must not pass a part for the whole.
func TestOneFailedKeyFailsThePage(t *testing.T) {
	s, w := wired(t)
	s.Registry.Table.Timeout = brief
	w.Inject(func(n int, request *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if n == 0 {
			return nil, nil
		}
		return dynamodblocal.Refusal(http.StatusInternalServerError, "InternalServerError")(n, request, send)
	})
	page, err := s.Members(t.Context(), domain.Everyone, domain.Ring, 126)
	if err == nil {
		t.Errorf("got %d members and no error", len(page.Members))
	}
}
