package jwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// repeats tells whether the header or the claims of a token have a name twice: which of its values counts differs from
// one reader to the next (RFC 7515, 4; RFC 7519, 4). Of what is no token it says nothing.
func repeats(token string) bool {
	parts := strings.Split(token, ".")
	for _, part := range parts[:min(2, len(parts))] {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err == nil && repeatsName(text) {
			return true
		}
	}
	return false
}

// repeatsName tells whether a JSON object has a name twice. Names are compared as they are meant, not as they are
// written: there are escapes.
func repeatsName(object []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return false
	}
	seen := map[any]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return false
		}
		if seen[name] {
			return true
		}
		seen[name] = true
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return false
		}
	}
	return false
}
