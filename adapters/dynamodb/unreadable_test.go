package dynamodb_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// logged opens a table that logs into a buffer.
func logged(t *testing.T) (store, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	table := dynamodblocal.NewTable(t)
	table.Logger = slog.New(slog.NewTextHandler(log, nil))
	return newStore(table), log
}

var unreadable = map[string]types.AttributeValue{
	"a fraction": &types.AttributeValueMemberN{Value: "1.5"},
	"too large":  &types.AttributeValueMemberN{Value: "99999999999999999999"},
	"a text":     &types.AttributeValueMemberS{Value: "now"},
}

// TestUnreadableConnection has one row of which a number cannot be read: it is left out where many are listed and
// costs the others nothing. It can be closed all the same.
func TestUnreadableConnection(t *testing.T) {
	s, log := logged(t)
	for name, value := range unreadable {
		for _, attribute := range []string{"at", "exp"} {
			t.Run(attribute+" is "+name, func(t *testing.T) {
				empty(t, s)
				bad := domaintest.NewConnection("ada")
				wantNil(t, s.Connect(t.Context(), bad))
				_, err := s.Enter(t.Context(), bad, "a", 20)
				wantNil(t, err)
				for _, row := range dynamodblocal.Rows(t, s.Registry.Table) {
					dynamodblocal.Spoil(t, s.Registry.Table, row, attribute, value)
				}
				good := domaintest.NewConnection("ada")
				wantNil(t, s.Connect(t.Context(), good))
				_, err = s.Enter(t.Context(), good, "a", 20)
				wantNil(t, err)
				for _, a := range []domain.Audience{domain.Everyone, domain.UserAudience("ada"), "a"} {
					log.Reset()
					page, err := s.Members(t.Context(), a, domain.Ring, 10)
					if err != nil || len(page.Members) != 1 || page.Members[0].ID != good.ID {
						t.Errorf("%s: %+v, %v", a, page.Members, err)
					}
					if n := strings.Count(log.String(), bad.ID); n != 1 || !strings.Contains(log.String(), "attribute "+attribute) {
						t.Errorf("%s: %d lines: %s", a, n, log)
					}
				}
				got, err := s.Get(t.Context(), bad.ID)
				if err != nil || got.ID != bad.ID || got.User != "ada" || len(got.Audiences) != 1 || got.Version != 1 {
					t.Errorf("Get = %+v, %v", got, err)
				}
				wantNil(t, s.closer().Close(t.Context(), bad.ID))
				if left := rows(t, s); strings.Contains(left, bad.ID) {
					t.Errorf("left behind:\n%s", left)
				}
			})
		}
	}
}

// TestUnreadableMembersFillNoPage: as with those that have expired, a page has more behind them.
func TestUnreadableMembersFillNoPage(t *testing.T) {
	s, _ := logged(t)
	seed(t, s, 100, func(row map[string]types.AttributeValue) { row["at"] = unreadable["a fraction"] })
	lives := domaintest.NewConnection("")
	wantNil(t, s.Connect(t.Context(), lives))
	page, err := s.Members(t.Context(), domain.Everyone, domain.Ring, 1)
	if err != nil || len(page.Members) != 1 || page.Members[0].ID != lives.ID {
		t.Errorf("%+v, %v", page.Members, err)
	}
}
