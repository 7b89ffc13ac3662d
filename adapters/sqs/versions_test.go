package sqs_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// older is what the first version of this code wrote and read: members without an end, and nothing of retries.
type older struct {
	V          int             `json:"v"`
	Audience   string          `json:"audience"`
	Wire       json.RawMessage `json:"wire"`
	MessageID  string          `json:"messageId"`
	Span       domain.Span     `json:"span"`
	Members    []olderMember   `json:"members,omitempty"`
	Attempt    int             `json:"attempt,omitempty"`
	AcceptedAt time.Time       `json:"acceptedAt"`
	ExpiresAt  time.Time       `json:"expiresAt"`
}

type olderMember struct {
	ID          string    `json:"id"`
	ConnectedAt time.Time `json:"at"`
	User        string    `json:"user,omitempty"`
}

// TestOlderMessageIsRead, whose members have no end that is known.
func TestOlderMessageIsRead(t *testing.T) {
	body, err := json.Marshal(older{
		V: 1, Audience: "everyone", Wire: json.RawMessage(`{"x":1}`), MessageID: "m", Attempt: 3,
		Members: []olderMember{{ID: "a=", ConnectedAt: sent}}, AcceptedAt: sent, ExpiresAt: sent.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := sqs.Decode(body, "sqs-id", sent, kinds)
	if err != nil || d.MessageID != "m" || d.Attempt != 3 || d.Postponed != 0 || d.Repairable {
		t.Errorf("Decode = %+v, %v", d, err)
	}
	if len(d.Members) != 1 || d.Members[0].ID != "a=" || !d.Members[0].ExpiresAt.IsZero() {
		t.Errorf("the members are %+v", d.Members)
	}
}

// TestOlderCodeReads what this code writes: it ignores what it does not know.
func TestOlderCodeReads(t *testing.T) {
	var s stub
	err := s.queue().Enqueue(context.Background(), domain.Delivery{
		MessageID: "m", Message: json.RawMessage(`{"x":1}`), Audience: domain.Everyone, Attempt: 3, Postponed: 2, Repairable: true,
		Members: []domain.Member{{ID: "a=", ConnectedAt: sent, ExpiresAt: sent.Add(time.Hour)}}, AcceptedAt: sent, ExpiresAt: sent.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	var old older
	if err := json.Unmarshal([]byte(s.requests[0][0].MessageBody), &old); err != nil {
		t.Fatal(err)
	}
	if old.V != 1 || old.MessageID != "m" || old.Attempt != 3 || len(old.Members) != 1 || old.Members[0] != (olderMember{ID: "a=", ConnectedAt: sent}) {
		t.Errorf("older code reads %+v", old)
	}
}
