package sqs

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"wsecho/domain"
)

// version of the queue's messages. Another one means that an old worker must not guess.
const version = 1

// parcel is a message of our own: a use case's, or part of a push that a worker has split. In place of "message",
// which a worker still has to wrap, it has "wire", the text that members get as it is. Its form is our own affair.
type parcel struct {
	V          int             `json:"v"`
	Audience   domain.Audience `json:"audience"`
	Wire       json.RawMessage `json:"wire"`
	MessageID  string          `json:"messageId"`
	Except     []string        `json:"except,omitempty"`
	Span       domain.Span     `json:"span"`
	Members    []domain.Member `json:"members,omitempty"`
	MaxMembers int             `json:"maxMembers,omitempty"`
	Attempt    int             `json:"attempt,omitempty"`
	Postponed  int             `json:"postponed,omitempty"`
	Repairable bool            `json:"repairable,omitempty"`
	// Condition is absent in the messages of versions before it, whose workers ignore it.
	Condition  *domain.Condition `json:"condition,omitempty"`
	AcceptedAt time.Time         `json:"acceptedAt"`
	ExpiresAt  time.Time         `json:"expiresAt"`
}

// encode writes a delivery as a message of the queue.
func encode(d domain.Delivery) ([]byte, error) {
	body, err := domain.Encode(parcel{
		V: version, Audience: d.Audience, Wire: d.Message, MessageID: d.MessageID, Except: d.Except, Span: d.Span,
		Members: d.Members, MaxMembers: d.MaxMembers, Attempt: d.Attempt, Postponed: d.Postponed, Repairable: d.Repairable,
		AcceptedAt: d.AcceptedAt, ExpiresAt: d.ExpiresAt,
		Condition: d.Condition,
	})
	return []byte(sendable.Replace(string(body))), err
}

// Decode reads a message of the queue: one that another service pushed, or one of our own. messageID and sentAt are
// SQS's, or whatever stands for them elsewhere; they are the defaults of the message's own. The error says what is
// wrong with the message, in words that are meant for whoever sent it. Pushes are for everyone or for an audience of one
// of the kinds.
func Decode(body []byte, messageID string, sentAt time.Time, kinds []domain.AudienceKind) (domain.Delivery, error) {
	if err := checkVersion(body); err != nil {
		return domain.Delivery{}, err
	}
	var found map[string]json.RawMessage
	if err := json.Unmarshal(body, &found); err == nil && found["wire"] != nil && found["message"] == nil {
		return open(body, found)
	}
	return unwrap(body, messageID, sentAt, kinds)
}

// DecodePush is Decode for messages that can only come from another service.
func DecodePush(body []byte, messageID string, sentAt time.Time, kinds []domain.AudienceKind) (domain.Delivery, error) {
	if err := checkVersion(body); err != nil {
		return domain.Delivery{}, err
	}
	return unwrap(body, messageID, sentAt, kinds)
}

// checkVersion refuses what is no object of the version that this code knows.
func checkVersion(body []byte) error {
	var form struct {
		V *int `json:"v"`
	}
	if err := json.Unmarshal(body, &form); err != nil {
		return fmt.Errorf("the message cannot be read: %w", err)
	}
	switch {
	case form.V == nil:
		return fmt.Errorf(`"v" is missing: this is version %d of the format`, version)
	case *form.V != version:
		return fmt.Errorf(`"v" is %d: only version %d of the format is known`, *form.V, version)
	}
	return nil
}

// always are the fields that encode never leaves out. A message without one of them is a push with a field too many.
// Fields that are unknown are ignored: a newer version of this code may have written them.
var always = []string{"audience", "wire", "messageId", "span", "acceptedAt", "expiresAt"}

// maxCount is more than a delivery is ever handed back: what counts higher, or below zero, is not ours, and must not be
// calculated with.
const maxCount = 1 << 20

// open reads a message of our own, whose fields were found.
func open(body []byte, found map[string]json.RawMessage) (domain.Delivery, error) {
	for _, name := range always {
		if found[name] == nil {
			return domain.Delivery{}, fmt.Errorf(`a message with "wire" is internal to wsEcho, and this one has no %q`, name)
		}
	}
	var p parcel
	if err := json.Unmarshal(body, &p); err != nil {
		return domain.Delivery{}, fmt.Errorf(`a message with "wire" is internal to wsEcho, and this one cannot be read: %w`, err)
	}
	if min(p.Attempt, p.Postponed) < 0 || max(p.Attempt, p.Postponed) > maxCount {
		return domain.Delivery{}, fmt.Errorf(`a message with "wire" is internal to wsEcho, and this one counts %d attempts and %d more`, p.Attempt, p.Postponed)
	}
	return domain.Delivery{
		MessageID: p.MessageID, Message: p.Wire, Audience: p.Audience, Except: p.Except, Span: p.Span,
		Members: p.Members, MaxMembers: p.MaxMembers, Attempt: p.Attempt, Postponed: p.Postponed, Repairable: p.Repairable,
		AcceptedAt: p.AcceptedAt, ExpiresAt: p.ExpiresAt,
		Condition: p.Condition,
	}, nil
}

// sendable writes what SQS refuses of the characters that JSON strings may hold in JSON's other way.
// Source: AWS, SQS API reference, SendMessage, allowed characters.
var sendable = strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`)
