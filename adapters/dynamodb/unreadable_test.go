package dynamodb_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/domain/domaintest"
)

// spoil gives an attribute of a row a value that no code of ours writes.
func spoil(t *testing.T, table dynamodb.Table, row map[string]types.AttributeValue, name string, value types.AttributeValue) {
	t.Helper()
	_, err := table.Client.UpdateItem(t.Context(), &sdk.UpdateItemInput{
		TableName: &table.Name, Key: map[string]types.AttributeValue{"pk": row["pk"], "sk": row["sk"]},
		UpdateExpression: aws.String("SET #name = :value"), ExpressionAttributeNames: map[string]string{"#name": name},
		ExpressionAttributeValues: map[string]types.AttributeValue{":value": value},
	})
	wantNil(t, err)
}

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
				for _, row := range dump(t, s.Registry.Table) {
					spoil(t, s.Registry.Table, row, attribute, value)
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

// TestUnreadableEntry has a message of which the time cannot be read: a page has those beside it, and what can be read
// of it where its place is asked for.
func TestUnreadableEntry(t *testing.T) {
	s, log := logged(t)
	talked(t, s, 3)
	for _, row := range dump(t, s.Registry.Table) {
		if row["sk"].(*types.AttributeValueMemberS).Value == "0000000000000002" {
			spoil(t, s.Registry.Table, row, "at", unreadable["a fraction"])
		}
	}
	chatLog := dynamodb.ChatLog{Table: s.Registry.Table}
	head, err := chatLog.Head(t.Context(), lobby)
	wantNil(t, err)
	all, _, err := chatLog.Read(t.Context(), lobby, head.Epoch, chat.Range{From: 1, To: 3})
	if err != nil || len(all) != 2 || all[0].Seq != 1 || all[1].Seq != 3 {
		t.Errorf("Read = %+v, %v", all, err)
	}
	if n := strings.Count(log.String(), "0000000000000002"); n != 1 || !strings.Contains(log.String(), "attribute at") {
		t.Errorf("%d lines: %s", n, log)
	}
	void := chat.Entry{Epoch: head.Epoch, Seq: 2, Void: true, At: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	if there, err := chatLog.Write(t.Context(), lobby, void, nil); err != nil || there.Void || string(there.Data) != "1" {
		t.Errorf("a void in its place: %+v, %v", there, err)
	}
	page, err := chatOver(s).History(t.Context(), inLobby(t, s, "ada"), lobby, chat.Position{Limit: 100})
	if err != nil || len(page.Messages) != 3 || page.Messages[1].Void {
		t.Errorf("History = %+v, %v", page, err)
	}
}
