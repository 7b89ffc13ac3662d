package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wsecho/domain"
)

// The limits of a push, beyond those of its fields' forms.
const (
	// maxText is what API Gateway takes in one post, in bytes.
	// Source: AWS, "Amazon API Gateway quotas", WebSocket message payload size.
	maxText = 128 << 10
	// maxExcept and maxID keep what rides along with every part of a delivery small.
	maxExcept = 1000
	maxID     = 128
)

// push is a message from another service: version 1 of the contract that docs/push.md and docs/push.schema.json
// describe.
type push struct {
	V         int             `json:"v"`
	Audience  domain.Audience `json:"audience"`
	Message   json.RawMessage `json:"message"`
	MessageID string          `json:"messageId"`
	Except    []string        `json:"except"`
	ExpiresAt time.Time       `json:"expiresAt"`
}

var fields = []string{"v", "audience", "message", "messageId", "except", "expiresAt"}

// unwrap reads a push and makes of it what members get.
func unwrap(body []byte, messageID string, sentAt time.Time, kinds []domain.AudienceKind) (domain.Delivery, error) {
	p := push{MessageID: messageID, ExpiresAt: sentAt.Add(domain.DeliveryLife)}
	if err := checkFields(body); err != nil {
		return domain.Delivery{}, err
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return domain.Delivery{}, fmt.Errorf("a field has the wrong form: %w", err)
	}
	if err := p.check(kinds); err != nil {
		return domain.Delivery{}, err
	}
	text, err := p.text(sentAt)
	return domain.Delivery{
		MessageID: p.MessageID, Message: text, Audience: p.Audience, Except: p.Except, Span: domain.Ring,
		AcceptedAt: sentAt, ExpiresAt: p.ExpiresAt,
	}, err
}

// checkFields refuses what is unknown: a misspelt "except" should not reach those who were to be left out.
func checkFields(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("the message is not UTF-8")
	}
	var found map[string]json.RawMessage
	if err := json.Unmarshal(body, &found); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(fields, name) {
			return fmt.Errorf("there is no field %q: a push has %s", name, strings.Join(fields, ", "))
		}
	}
	return nil
}

var printing = regexp.MustCompile(`^[!-~]+$`)

func (p push) check(kinds []domain.AudienceKind) error {
	switch {
	case p.Audience == "":
		return errors.New(`"audience" is missing`)
	case !isAudience(p.Audience, kinds):
		return fmt.Errorf(`"audience" is %.80q: it must be one of %s`, p.Audience, forms(kinds))
	case p.Message == nil:
		return errors.New(`"message" is missing: it is the JSON that members get as "data"`)
	case !isID(p.MessageID):
		return fmt.Errorf(`"messageId" must have 1 to %d printing ASCII characters`, maxID)
	case len(p.Except) > maxExcept:
		return fmt.Errorf(`"except" lists %d connection ids: up to %d are allowed`, len(p.Except), maxExcept)
	case slices.ContainsFunc(p.Except, func(id string) bool { return !isID(id) }):
		return fmt.Errorf(`"except" must list connection ids, of 1 to %d printing ASCII characters`, maxID)
	}
	return nil
}

func isAudience(a domain.Audience, kinds []domain.AudienceKind) bool {
	return a == domain.Everyone || slices.ContainsFunc(kinds, func(k domain.AudienceKind) bool {
		name, ok := k.NameOf(a)
		return ok && k.Valid(name)
	})
}

// forms lists what audiences look like.
func forms(kinds []domain.AudienceKind) string {
	text := fmt.Sprintf("%q", domain.Everyone)
	for _, k := range kinds {
		text += fmt.Sprintf(", %q", k.Of("<"+strings.TrimSuffix(k.Prefix, ":")+">"))
	}
	return text
}

func isID(id string) bool { return len(id) <= maxID && printing.MatchString(id) }

// text is what members get.
func (p push) text(at time.Time) (json.RawMessage, error) {
	text, err := domain.EncodeMessage("push", "", struct {
		MessageID string          `json:"messageId"`
		Audience  domain.Audience `json:"audience"`
		Data      json.RawMessage `json:"data"`
		At        string          `json:"at"`
	}{p.MessageID, p.Audience, p.Message, domain.Timestamp(at)})
	if err == nil && len(text) > maxText {
		err = fmt.Errorf(`"message" is too large: members would get %d bytes, and API Gateway posts up to %d`, len(text), maxText)
	}
	return text, err
}
