package sqs_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/sqs"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// kinds are the audiences of the API.
var kinds = []domain.AudienceKind{domain.Users, chat.Rooms}

var sent = time.Date(2026, 11, 22, 17, 3, 5, 120_000_000, time.UTC)

func TestPushIsWrapped(t *testing.T) {
	d, err := sqs.Decode([]byte(`{"v":1,"audience":"room:r","message": {"text": "<&>"} }`), "sqs-id", sent, kinds)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"push","messageId":"sqs-id","audience":"room:r","data":{"text":"<&>"},"at":"2026-11-22T17:03:05.120Z"}`
	if string(d.Message) != want {
		t.Errorf("members get %s, want %s", d.Message, want)
	}
	if d.MessageID != "sqs-id" || d.Audience != "room:r" || d.Span != domain.Ring || d.Members != nil {
		t.Errorf("the delivery is %+v", d)
	}
	if !d.AcceptedAt.Equal(sent) || !d.ExpiresAt.Equal(sent.Add(time.Hour)) {
		t.Errorf("accepted at %v, expires at %v", d.AcceptedAt, d.ExpiresAt)
	}
}

func TestPushSaysMore(t *testing.T) {
	body := `{"v":1,"audience":"user:ada","message":null,"messageId":"mine","except":["a=","b="],"expiresAt":"2027-01-01T00:00:00+01:00"}`
	d, err := sqs.Decode([]byte(body), "sqs-id", sent, kinds)
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	if d.MessageID != "mine" || !slices.Equal(d.Except, []string{"a=", "b="}) || !d.ExpiresAt.Equal(expires) {
		t.Errorf("the delivery is %+v", d)
	}
	if !strings.Contains(string(d.Message), `"messageId":"mine","audience":"user:ada","data":null,`) {
		t.Errorf("members get %s", d.Message)
	}
}

func TestMalformedPushIsExplained(t *testing.T) {
	long := strings.Repeat("x", 129)
	tests := map[string]string{
		``:      `cannot be read`,
		`hello`: `cannot be read`,
		`[1]`:   `cannot be read`,
		`null`:  `"v" is missing`,
		`{}`:    `"v" is missing`,
		`{"v":2,"audience":"everyone","message":1}`:                                                    `"v" is 2`,
		`{"v":"1","audience":"everyone","message":1}`:                                                  `cannot be read`,
		`{"v":1,"message":1}`:                                                                          `"audience" is missing`,
		`{"v":1,"audience":"all","message":1}`:                                                         `"audience" is "all"`,
		`{"v":1,"audience":"user:","message":1}`:                                                       `"audience" is "user:"`,
		`{"v":1,"audience":"user:anon-x","message":1}`:                                                 `"audience" is "user:anon-x"`,
		`{"v":1,"audience":"room:a b","message":1}`:                                                    `"audience" is "room:a b"`,
		`{"v":1,"audience":7,"message":1}`:                                                             `wrong form`,
		`{"v":1,"audience":"everyone"}`:                                                                `"message" is missing`,
		`{"v":1,"audience":"everyone","message":1,"exept":["a"]}`:                                      `no field "exept"`,
		`{"v":1,"Audience":"everyone","message":1}`:                                                    `no field "Audience"`,
		`{"v":1,"audience":"everyone","message":1,"span":"x"}`:                                         `no field "span"`,
		`{"v":1,"audience":"everyone","message":1,"messageId":""}`:                                     `"messageId" must have`,
		`{"v":1,"audience":"everyone","message":1,"messageId":"` + long + `"}`:                         `"messageId" must have`,
		`{"v":1,"audience":"everyone","message":1,"messageId":"a b"}`:                                  `"messageId" must have`,
		`{"v":1,"audience":"everyone","message":1,"except":[""]}`:                                      `"except" must list`,
		`{"v":1,"audience":"everyone","message":1,"expiresAt":"soon"}`:                                 `wrong form`,
		`{"v":1,"audience":"everyone","message":"` + "\xff" + `"}`:                                     `not UTF-8`,
		`{"v":1,"audience":"everyone","message":"` + strings.Repeat("x", 128<<10) + `"}`:               `"message" is too large`,
		`{"v":1,"audience":"everyone","message":1,"except":["a"` + strings.Repeat(`,"a"`, 1000) + `]}`: `lists 1001`,
		`{"v":1,"wire":{},"span":"everything"}`:                                                        `internal to wsEcho`,
	}
	for body, want := range tests {
		if d, err := sqs.Decode([]byte(body), "sqs-id", sent, kinds); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%.80s) = %+v, %v, want an error with %q", body, d, err, want)
		}
	}
}

// pushSchema is what these tests read of docs/push.schema.json.
type pushSchema struct {
	Required   []string
	Properties map[string]struct {
		AnyOf []struct{ Const, Pattern string }
	}
	Examples []json.RawMessage
}

// TestSchema holds the published schema and the code to each other.
func TestSchema(t *testing.T) {
	text, err := os.ReadFile("../../docs/push.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema pushSchema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	for _, example := range schema.Examples {
		if _, err := sqs.Decode(example, "sqs-id", sent, kinds); err != nil {
			t.Errorf("the example %s is refused: %v", example, err)
		}
	}
	wantRequired(t, schema.Required, schema.Examples[0])
	fields := []string{"audience", "except", "expiresAt", "message", "messageId", "v"}
	if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, fields) {
		t.Errorf("the schema has %v, want %v", got, fields)
	}
	for _, audience := range []string{"everyone", "user:ada", "user:a@b:c.d_e-f", "room:x", "room:", "user:-a", "room:a@b", "Everyone", ""} {
		_, err := sqs.Decode([]byte(`{"v":1,"audience":"`+audience+`","message":1}`), "sqs-id", sent, kinds)
		if allowed := schema.allows(audience); allowed != (err == nil) {
			t.Errorf("audience %q: allowed by the schema: %v, by the code: %v", audience, allowed, err)
		}
	}
}

func (s pushSchema) allows(audience string) bool {
	for _, form := range s.Properties["audience"].AnyOf {
		pattern := strings.Replace(form.Pattern, "(?!anon-)", "", 1) // Go's expressions cannot look ahead.
		if form.Const == audience && audience != "" || pattern != "" && regexp.MustCompile(pattern).MatchString(audience) {
			return true
		}
	}
	return false
}

// wantRequired expects that an example without any of the required properties is refused.
func wantRequired(t *testing.T, required []string, example json.RawMessage) {
	t.Helper()
	for _, missing := range required {
		var message map[string]json.RawMessage
		if err := json.Unmarshal(example, &message); err != nil {
			t.Fatal(err)
		}
		delete(message, missing)
		body, _ := json.Marshal(message)
		if _, err := sqs.Decode(body, "sqs-id", sent, kinds); err == nil {
			t.Errorf("%s is not refused", body)
		}
	}
}
