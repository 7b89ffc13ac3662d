// Package apigateway connects the use cases of domain to Amazon API Gateway's WebSocket APIs: events of its Lambda
// integrations come in and become requests, refusals and replies go out, and Sender posts to other connections.
//
// A reply to whoever sent a message is the response body of its Lambda, which a route response sends back. So only
// messages to others need a signed call.
package apigateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"wsecho/domain"
)

// The limits of what a client may send.
const (
	// MaxData is the size of a data field in bytes, as sent.
	MaxData = 32 << 10
	// maxDepth is how deep the whole message may nest: 64 levels for data, and the message around it.
	maxDepth = 64 + 1
	// maxID is the length of a correlation id in characters.
	maxID = 64
)

// Request is a message that a client sent, after the checks that are the same for every action.
type Request struct {
	Caller domain.Caller
	Action string
	// ID is the client's correlation id, empty if it gave none.
	ID     string
	fields map[string]json.RawMessage
}

// parse reads the text of a message into r. The refusals are invalid_json and bad_request. The id is in r even then, if
// the text is a JSON object with a valid one.
func (r *Request) parse(body string) error {
	text := []byte(body)
	if depth(text) > maxDepth {
		_ = r.readMessage(shallow(text)) // For the id; Go reads no JSON of 10,000 levels.
		return Bad("the message nests deeper than %d levels", maxDepth)
	}
	return r.readMessage(text)
}

func (r *Request) readMessage(text []byte) error {
	if !utf8.Valid(text) || !json.Valid(text) {
		return &domain.Error{Code: domain.InvalidJSON, Message: `the message is not JSON; send something like {"action":"echo","data":"hello"}`}
	}
	repeated, err := r.readFields(text)
	if err != nil {
		return err
	}
	if !slices.Contains(repeated, "id") {
		err = r.readID()
	}
	if err != nil {
		return err
	}
	if len(repeated) > 0 {
		return Bad("the message has the key %.64q twice", repeated[0])
	}
	action, ok, err := r.String("action")
	if err != nil {
		return err
	}
	if !ok {
		return Bad(`the message has no "action"; send something like {"action":"echo","data":"hello"}`)
	}
	r.Action = action
	return nil
}

// readFields splits valid JSON, which must be an object, into its fields, and says which keys come twice. Go's own maps
// would let the second of two equal keys win in silence, where API Gateway may have routed by the first.
func (r *Request) readFields(text []byte) (repeated []string, err error) {
	object := bytes.TrimSpace(text)
	if object[0] != '{' {
		return nil, Bad("the message is no JSON object")
	}
	r.fields = map[string]json.RawMessage{}
	for quoted, value := range members(object) {
		name := unquote(quoted)
		if _, twice := r.fields[name]; twice {
			repeated = append(repeated, name)
		}
		r.fields[name] = value
	}
	return repeated, nil
}

func (r *Request) readID() error {
	id, _, err := r.String("id")
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(id) > maxID {
		return Bad(`"id" has more than %d characters`, maxID)
	}
	r.ID = id
	return nil
}

// String returns a field that must be a string if it is there; ok tells whether it is. The refusal is bad_request.
func (r *Request) String(name string) (value string, ok bool, err error) {
	raw, ok := r.fields[name]
	switch {
	case !ok:
		return "", false, nil
	case raw[0] != '"':
		return "", false, Bad("%q must be a string", name)
	}
	return unquote(raw), true, nil
}

// RequiredString returns a field that must be there and be a string. The refusal is bad_request.
func (r *Request) RequiredString(name string) (string, error) {
	value, ok, err := r.String(name)
	if err == nil && !ok {
		err = Bad("%s needs %q, a string", r.Action, name)
	}
	return value, err
}

// Data returns the data field as it was sent; nil if there is none. The refusal is payload_too_large.
func (r *Request) Data() (json.RawMessage, error) {
	data := r.fields["data"]
	if len(data) > MaxData {
		return nil, &domain.Error{
			Code:    domain.PayloadTooLarge,
			Message: fmt.Sprintf(`"data" has %d bytes; up to %d are allowed`, len(data), MaxData),
			Details: map[string]any{"limit": MaxData},
		}
	}
	return data, nil
}

// Sendable returns what a message to others has: data, which is required, and an optional key by which its sender
// marks a repetition, 16 to 64 characters. The refusals are bad_request and payload_too_large.
func (r *Request) Sendable() (data json.RawMessage, key string, err error) {
	data, err = r.Data()
	if data == nil && err == nil {
		err = Bad(`%s needs "data": any JSON value`, r.Action)
	}
	if err != nil {
		return nil, "", err
	}
	key, ok, err := r.String("key")
	if n := utf8.RuneCountInString(key); err == nil && ok && (n < 16 || n > 64) {
		err = Bad(`"key" must have 16 to 64 random characters, this one has %d`, n)
	}
	return data, key, err
}

// Read decodes a field into a value, if it is there; ok tells whether it is. kind says in words what the field must be.
// The refusal is bad_request; null is no value of any kind.
func (r *Request) Read(name, kind string, into any) (ok bool, err error) {
	raw, ok := r.fields[name]
	if !ok {
		return false, nil
	}
	if string(raw) == "null" || json.Unmarshal(raw, into) != nil {
		return false, Bad("%q must be %s", name, kind)
	}
	return true, nil
}

// Bad is the refusal bad_request with a sentence that says what would be right.
func Bad(format string, args ...any) error {
	return &domain.Error{Code: domain.BadRequest, Message: fmt.Sprintf(format, args...)}
}

// depth tells how deep the brackets of a JSON text nest. It is right for valid JSON and safe for anything else, at
// any depth.
func depth(text []byte) (deepest int) {
	level := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			level++
			deepest = max(deepest, level)
		case '}', ']':
			level--
		case '"':
			i = endOfString(text, i)
		}
	}
	return deepest
}

// shallow is the text of a JSON object whose values have nothing in their brackets. Of what is no JSON it makes no JSON, or
// some.
func shallow(text []byte) (kept []byte) {
	level := 0
	for i := 0; i < len(text); i++ {
		start, nests := i, level
		switch text[i] {
		case '{', '[':
			level++
		case '}', ']':
			level--
			nests = level
		case '"':
			i = endOfString(text, i)
		}
		if nests <= 1 {
			kept = append(kept, text[start:min(i+1, len(text))]...)
		}
	}
	return kept
}

// endOfString returns the index of the quote that ends the string which begins at start.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}
