package apigateway

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzRequest sends anything as a message. What encoding/json takes for an object is read as it reads it, down to the
// bytes of the values.
func FuzzRequest(f *testing.F) {
	for _, text := range []string{
		`{"action":"echo","id":"1","data":{"x":[1,"}",{"y":"\""}]}}`, ` { "a" : 1 , "b" : [ ] } `, `{}`, `{"a":{},"a":1}`,
		`{"a\n":"é","ü":-1.5e3,"t":true,"n":null}`, `[1]`, `"x"`, `{"a":"\\"}`, `{"":""}`, `nul`, ``, "\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := new(Request)
		_ = r.parse(text)
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) || bytes.TrimSpace([]byte(text))[0] != '{' {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			return // It nests too deep.
		}
		got := map[string]json.RawMessage{}
		for name, value := range members(bytes.TrimSpace([]byte(text))) {
			got[unquote(name)] = value
		}
		if !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Errorf("members(%q) = %q, want %q", text, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	})
}
