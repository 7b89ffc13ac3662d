package dynamodb_test

import (
	"fmt"
	"maps"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// metered opens a table whose cost is counted from now on.
func metered(t *testing.T) (store, *dynamodblocal.Meter) {
	t.Helper()
	table, counted := dynamodblocal.NewMeteredTable(t)
	return newStore(table), counted
}

func wantNil(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatAConnectionCosts(t *testing.T) {
	for _, user := range []string{"", "ada"} {
		t.Run("user "+strconv.Quote(user), func(t *testing.T) {
			s, counted := metered(t)
			perRow := map[bool]float64{true: 1, false: 2}[user == ""]
			c := domaintest.NewConnection(user)
			spent := func(what string, want dynamodblocal.Cost) {
				t.Helper()
				if got := counted.Take(); got != want {
					t.Errorf("%s cost %+v, want %+v", what, got, want)
				}
			}
			wantNil(t, s.Connect(t.Context(), c))
			spent("Connect", dynamodblocal.Cost{Writes: perRow, Requests: int(perRow)})
			_, err := s.Get(t.Context(), c.ID)
			wantNil(t, err)
			spent("Get", dynamodblocal.Cost{Reads: 1, Requests: 1})
			_, err = s.Enter(t.Context(), c, "a", 20)
			wantNil(t, err)
			spent("Enter", dynamodblocal.Cost{Writes: 4, Requests: 1})
			wantNil(t, s.Evict(t.Context(), c.ID, "a"))
			spent("Evict", dynamodblocal.Cost{Writes: 1, Requests: 1})
			c.Version = 1
			wantNil(t, s.Remove(t.Context(), c))
			spent("Remove", dynamodblocal.Cost{Writes: 1, Requests: 1})
			wantNil(t, s.Connect(t.Context(), c))
			counted.Take()
			wantNil(t, s.closer().Close(t.Context(), c.ID))
			spent("Close", dynamodblocal.Cost{Reads: 1, Writes: perRow, Requests: 1 + int(perRow)})
		})
	}
}

// TestAnonymousConnectionFits64Bytes, of which sixteen fit a kilobyte.
func TestAnonymousConnectionFits64Bytes(t *testing.T) {
	s := newStore(dynamodblocal.NewTable(t))
	c := domaintest.NewConnection("")
	wantNil(t, s.Connect(t.Context(), c))
	rows := dynamodblocal.Rows(t, s.Registry.Table)
	if size := dynamodblocal.RowSize(rows[0]); len(rows) != 1 || size > 64 {
		t.Errorf("%d rows, the first of %d bytes: %v", len(rows), size, rows[0])
	}
}

func TestWhatListingEveryoneCosts(t *testing.T) {
	t.Parallel()
	const population = 10_000
	tests := []struct {
		name            string
		change          func(row map[string]types.AttributeValue)
		inFull, inPages float64 // Read units at most; 0 is only reported.
	}{
		{"anonymous", func(map[string]types.AttributeValue) {}, 95, 110},
		{"with a user", withUser, 0, 0},
		{"with a user and three audiences", withAudiences, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, counted := metered(t)
			size := seed(t, s, population, test.change)
			full := list(t, s, counted, population, population+1)
			paged := list(t, s, counted, population, 100)
			t.Logf("%d rows of %d bytes: %g read units in %d requests in full pages, %g in %d in pages of 100",
				population, size, full.Reads, full.Requests, paged.Reads, paged.Requests)
			if test.inFull > 0 && (full.Reads > test.inFull || paged.Reads > test.inPages) {
				t.Errorf("want at most %g and %g", test.inFull, test.inPages)
			}
		})
	}
}

func withUser(row map[string]types.AttributeValue) {
	row["user"] = &types.AttributeValueMemberS{Value: "ada.lovelace"}
}

func withAudiences(row map[string]types.AttributeValue) {
	withUser(row)
	row["aud"] = &types.AttributeValueMemberSS{Value: []string{"room:general", "room:engineering", "room:random"}}
	row["v"] = &types.AttributeValueMemberN{Value: "3"}
}

// list reads everyone in pages and returns what that cost.
func list(t *testing.T, s store, counted *dynamodblocal.Meter, population, limit int) dynamodblocal.Cost {
	t.Helper()
	counted.Take()
	total := 0
	for span, more := domain.Ring, true; more; {
		page, err := s.Members(t.Context(), domain.Everyone, span, limit)
		wantNil(t, err)
		if len(page.Members) < limit && page.More {
			t.Errorf("a page of %d, and there are more", len(page.Members))
		}
		total += len(page.Members)
		span, more = page.Rest, page.More
	}
	if total != population {
		t.Errorf("listed %d of %d", total, population)
	}
	return counted.Take()
}

// seed fills a table with rows that are copies of a real one but for their keys, and returns the size of one.
func seed(t *testing.T, s store, population int, change func(map[string]types.AttributeValue)) (size int) {
	t.Helper()
	table := s.Registry.Table
	c := domaintest.NewConnection("")
	wantNil(t, s.Connect(t.Context(), c))
	example := dynamodblocal.Rows(t, table)[0]
	wantNil(t, s.Remove(t.Context(), c))
	change(example)
	var rows []map[string]types.AttributeValue
	for range population {
		row := maps.Clone(example)
		id := domaintest.NewID()
		row["pk"] = &types.AttributeValueMemberS{Value: fmt.Sprintf("all#%x", domain.Position(id)>>60)}
		row["sk"] = &types.AttributeValueMemberS{Value: fmt.Sprintf("%016x#%s", domain.Position(id), id)}
		rows = append(rows, row)
	}
	dynamodblocal.WriteAll(t, table, rows)
	return dynamodblocal.RowSize(example)
}
