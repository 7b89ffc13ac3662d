package chat_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain/chat"
)

// TestUnreadableEntry has a message of which the time cannot be read: a page has those beside it, and what can be read
// of it where its place is asked for.
func TestUnreadableEntry(t *testing.T) {
	log := new(bytes.Buffer)
	table := dynamodblocal.NewTable(t)
	table.Logger = slog.New(slog.NewTextHandler(log, nil))
	s := newStore(table)
	talked(t, s, 3)
	for _, row := range dynamodblocal.Rows(t, s.Registry.Table) {
		if row["sk"].(*types.AttributeValueMemberS).Value == "0000000000000002" {
			dynamodblocal.Spoil(t, s.Registry.Table, row, "at", &types.AttributeValueMemberN{Value: "1.5"})
		}
	}
	head, err := s.log.Head(t.Context(), lobby)
	wantNil(t, err)
	all, _, err := s.log.Read(t.Context(), lobby, head.Epoch, chat.Range{From: 1, To: 3})
	if err != nil || len(all) != 2 || all[0].Seq != 1 || all[1].Seq != 3 {
		t.Errorf("Read = %+v, %v", all, err)
	}
	if n := strings.Count(log.String(), "0000000000000002"); n != 1 || !strings.Contains(log.String(), "attribute at") {
		t.Errorf("%d lines: %s", n, log)
	}
	void := chat.Entry{Epoch: head.Epoch, Seq: 2, Void: true, At: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
	if there, err := s.log.Write(t.Context(), lobby, void, nil); err != nil || there.Void || string(there.Data) != "1" {
		t.Errorf("a void in its place: %+v, %v", there, err)
	}
	page, err := chatOver(s).History(t.Context(), inLobby(t, s, "ada"), lobby, chat.PageRequest{Limit: 100})
	if err != nil || len(page.Messages) != 3 || page.Messages[1].Void {
		t.Errorf("History = %+v, %v", page, err)
	}
}
