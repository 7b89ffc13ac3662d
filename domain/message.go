package domain

import (
	"bytes"
	"encoding/json"
	"time"
)

// Origin tells the receivers of a message whom it is from. The service stamps it; a client cannot choose it.
type Origin struct {
	User       string `json:"user"`
	Connection string `json:"connection"`
}

// From is the origin of what a connection sends.
func From(c Connection) Origin { return Origin{User: c.Name(), Connection: c.ID} }

// Spoken is what receivers get of a message that one client sent and nobody keeps.
type Spoken struct {
	MessageID string          `json:"messageId"`
	From      Origin          `json:"from"`
	Data      json.RawMessage `json:"data"`
	At        string          `json:"at"`
}

// EncodeMessage writes a message as clients get it, a reply or a push: its type, the id of the request that it answers
// unless that is empty, and then the fields of body, which must encode to a JSON object.
func EncodeMessage(kind, id string, body any) ([]byte, error) {
	head, err := Encode(struct {
		Type string `json:"type"`
		ID   string `json:"id,omitempty"`
	}{kind, id})
	if err != nil {
		return nil, err
	}
	fields, err := Encode(body)
	if err != nil || bytes.Equal(fields, []byte("{}")) {
		return head, err
	}
	return append(append(head[:len(head)-1], ','), fields[1:]...), nil
}

// Encode writes a value as JSON the way clients get it: raw messages pass unchanged but for white space, and
// characters such as < stay one byte long.
func Encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// Timestamp writes a time as clients get it: RFC 3339, UTC, milliseconds.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
