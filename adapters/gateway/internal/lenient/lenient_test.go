package lenient

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestParse: what is read, as String writes it, and whether it was JSON.
func TestParse(t *testing.T) {
	for text, want := range map[string]struct {
		value  string
		strict bool
	}{
		`{"a":"b"}`:               {`{a=b}`, true},
		` [ 1 , true , null ] `:   {`[1, true, null]`, true},
		`"\u00fc\n\"\/"`:          {"ü\n\"/", true},
		`-1.5e3`:                  {`-1.5e3`, true},
		`{}`:                      {`{}`, true},
		`{a:"b"}`:                 {`{a=b}`, false},
		`{"a":b c }`:              {`{a=b c}`, false},
		`{'a':'it\'s'}`:           {`{a=it's}`, false},
		`[1,,2,]`:                 {`[1, 2]`, false},
		`{"a":fuga"}`:             {`{a=fuga"}`, false},
		`hello`:                   {`hello`, false},
		"\"a\nb\"":                {"a\nb", false},
		`"\x"`:                    {`x`, false},
		`{"a":[{"b":1},{"b":2}]}`: {`{a=[{b=1}, {b=2}]}`, true},
	} {
		doc, ok := Parse(text)
		if !ok || doc.Root.String() != want.value || doc.Strict != want.strict {
			t.Errorf("Parse(%s) = %s, strict %v, %v; want %+v", text, &doc.Root, doc.Strict, ok, want)
		}
	}
	for _, text := range []string{``, ` `, `{`, `[`, `{"a"}`, `{"a":}`, `{"a":1}x`, `[1]]`, `"a`, `'`, `{:1}`, `[{}{}]`, strings.Repeat("[", 10001)} {
		if doc, ok := Parse(text); ok {
			t.Errorf("Parse(%.20s) = %.20s", text, &doc.Root)
		}
	}
}

func TestMember(t *testing.T) {
	doc, ok := Parse(`{"a":1,"b":null,"a":2}`)
	if !ok {
		t.Fatal("not understood")
	}
	if a := doc.Root.Member("a"); a == nil || a.Text != "2" || a.Null() {
		t.Errorf("of two equal names the value is %v", a)
	}
	if !doc.Root.Member("b").Null() || !doc.Root.Member("c").Null() || doc.Root.Member("c") != nil {
		t.Error("null or a missing member is something")
	}
}

// FuzzParse holds the parser to encoding/json: strict is what that takes, and the texts are the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"action":"a"}`, `{action:a}`, `{'a':'\'`, `[[`, `{,}`, "\xff", `"\ud800"`, `"\u0041\n"`, "\"\x00\"", `01`, `[1 2]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, ok := Parse(text)
		if valid := json.Valid([]byte(text)); valid != (ok && doc.Strict) {
			t.Fatalf("Parse(%q): strict %v, %v; encoding/json says %v", text, doc.Strict, ok, valid)
		}
		var want string
		if ok && doc.Strict && doc.Root.Kind == Text && json.Unmarshal([]byte(text), &want) == nil && string([]rune(doc.Root.Text)) != want {
			t.Errorf("Parse(%q) = %q, want %q", text, doc.Root.Text, want)
		}
	})
}
