package sqs_test

import (
	"encoding/json"
	"testing"
	"time"

	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// oldParcel is what a worker knew of our own messages before there were conditions.
type oldParcel struct {
	V          int             `json:"v"`
	Audience   domain.Audience `json:"audience"`
	Wire       json.RawMessage `json:"wire"`
	MessageID  string          `json:"messageId"`
	Except     []string        `json:"except,omitempty"`
	Span       domain.Span     `json:"span"`
	MaxMembers int             `json:"maxMembers,omitempty"`
	AcceptedAt time.Time       `json:"acceptedAt"`
	ExpiresAt  time.Time       `json:"expiresAt"`
}

// TestConditionInARollingDeployment: an old worker posts a message with a condition as it is, and a new one takes an
// old message for one without.
func TestConditionInARollingDeployment(t *testing.T) {
	d := deliveries(1, 1)[0]
	d.Message = json.RawMessage(`{"type":"joined"}`)
	d.Condition = &domain.Condition{Connection: "c=", Member: true, Otherwise: json.RawMessage(`{"type":"left"}`)}
	s := new(stub)
	if err := s.queue().Enqueue(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	body := s.requests[0][0].MessageBody
	var old oldParcel
	if err := json.Unmarshal([]byte(body), &old); err != nil || string(old.Wire) != `{"type":"joined"}` || old.Span != domain.Ring {
		t.Errorf("an old worker reads %+v, %v", old, err)
	}

	text, err := json.Marshal(old)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sqs.Decode(text, "sqs-id", sent, kinds)
	if err != nil || got.Condition != nil || string(got.Message) != `{"type":"joined"}` {
		t.Errorf("a new worker reads %+v, %v", got, err)
	}
}

// TestFinalConditionStaysFinal on its way through the queue.
func TestFinalConditionStaysFinal(t *testing.T) {
	d := deliveries(1, 1)[0]
	d.Condition = &domain.Condition{Connection: "c="}
	s := new(stub)
	if err := s.queue().Enqueue(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	got, err := sqs.Decode([]byte(s.requests[0][0].MessageBody), "sqs-id", sent, kinds)
	if err != nil || got.Condition == nil || got.Condition.Otherwise != nil || got.Condition.Connection != "c=" {
		t.Errorf("the condition is %+v, %v", got.Condition, err)
	}
}
