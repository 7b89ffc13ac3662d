// Package lenient reads JSON and what is nearly JSON, and tells which of the two it was. API Gateway routes messages by
// such a parser: three recordings show messages with unquoted names or values at the routes that they named, among them
// https://github.com/nearst/laconia/issues/41. AWS documents nothing of it.
//
// Taken beside JSON are names and values without quotes or in single quotes, commas too many, and control characters
// and unknown escapes within quotes. Of equal names the last one counts.
package lenient

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Document is what a text says.
type Document struct {
	Root   Value
	Strict bool // The text is JSON (RFC 8259).
}

// Kind is the kind of a value.
type Kind uint8

// Kinds of values.
const (
	Text    Kind = iota // In quotes or, leniently, without.
	Literal             // A number, true, false or null.
	Array
	Object
)

// Value is a node of a document. Its texts are parts of the one that was read, where that is possible.
type Value struct {
	Kind    Kind
	Text    string   // Of a text or a literal.
	Members []Member // Of an object or an array, in their order.
}

// Member is a part of an object or, without a name, of an array.
type Member struct {
	Name string
	Value
}

// Parse reads a text, or reports that even a lenient parser can't understand it.
func Parse(text string) (Document, bool) {
	p := parser{text: text}
	p.space()
	root := p.value("")
	p.space()
	return Document{Root: root, Strict: !p.lenient}, !p.failed && p.pos == len(p.text)
}

// parser reads a text from its beginning to its end.
type parser struct {
	text    string
	pos     int
	depth   int
	lenient bool // The text is not JSON, strictly speaking.
	failed  bool
}

// maxDepth is how deep objects and arrays may lie in each other; encoding/json has the same limit.
const maxDepth = 10000

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	p.failed = true
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// value reads one value. An unquoted one ends before a character of stop.
func (p *parser) value(stop string) Value {
	switch p.peek() {
	case '{':
		return p.nested('}', Object)
	case '[':
		return p.nested(']', Array)
	case '"', '\'':
		return Value{Kind: Text, Text: p.quoted()}
	}
	return p.bare(stop)
}

// nested reads an object or an array. Empty members, as behind a last comma, are skipped.
func (p *parser) nested(end byte, k Kind) Value {
	v := Value{Kind: k}
	if p.depth++; p.depth > maxDepth {
		p.failed = true
		return v
	}
	defer func() { p.depth-- }()
	for p.pos++; ; {
		p.space()
		switch p.peek() {
		case end:
			p.pos++
			return v
		case ',':
			p.lenient = true
			p.pos++
			continue
		}
		if v.Members = append(v.Members, p.member(k)); p.failed {
			return v
		}
		if p.space(); p.peek() == ',' {
			p.pos++
			p.space()
			p.lenient = p.lenient || p.peek() == end
		} else if p.peek() != end {
			p.failed = true
			return v
		}
	}
}

// member reads one member of an object or an array.
func (p *parser) member(k Kind) Member {
	if k == Array {
		return Member{"", p.value(",]")}
	}
	name := ""
	if c := p.peek(); c == '"' || c == '\'' {
		name = p.quoted()
	} else {
		name = p.bare(":,}").Text
		p.lenient = true
	}
	if p.space(); p.peek() != ':' {
		p.failed = true
		return Member{}
	}
	p.pos++
	p.space()
	return Member{name, p.value(",}")}
}

// quoted reads a text in double or, leniently, single quotes.
func (p *parser) quoted() string {
	quote, start := p.text[p.pos], p.pos
	plain := true
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == quote:
			p.pos++
			return p.unquote(p.text[start:p.pos], plain && quote == '"')
		case c == '\\':
			plain = false
			p.pos++
		case c < ' ':
			p.lenient = true
		}
	}
	p.failed = true
	return ""
}

func (p *parser) unquote(quoted string, plain bool) string {
	inside := quoted[1 : len(quoted)-1]
	if plain {
		return inside
	}
	if quoted[0] == '"' {
		if s, ok := unescape(inside); ok {
			return s
		}
		var s string
		if json.Unmarshal([]byte(quoted), &s) == nil {
			return s
		}
	}
	p.lenient = true
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r", `\\`, `\`, `\`, "").Replace(inside)
}

// escapes are the characters that stand for others behind a backslash (RFC 8259, section 7).
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape reads the inside of a JSON string with short escapes alone. Anything else is left to encoding/json, which
// takes five times as long: every answer of a handler has such a string, its body.
func unescape(inside string) (string, bool) {
	if !utf8.ValidString(inside) {
		return "", false
	}
	text := make([]byte, 0, len(inside))
	for i := 0; i < len(inside); i++ {
		c := inside[i]
		if c == '\\' && i+1 < len(inside) {
			i++
			if c = escapes[inside[i]]; c == 0 {
				return "", false
			}
		} else if c < ' ' || c == '\\' {
			return "", false
		}
		text = append(text, c)
	}
	return string(text), true
}

// bare reads a number, true, false, null or, leniently, a text without quotes.
func (p *parser) bare(stop string) Value {
	start := p.pos
	for p.pos < len(p.text) {
		if c := p.text[p.pos]; c < utf8.RuneSelf && strings.IndexByte(stop, c) >= 0 {
			break
		}
		p.pos++
	}
	raw := strings.TrimRight(p.text[start:p.pos], " \t\r\n")
	if raw == "" {
		p.failed = true
	}
	if json.Valid([]byte(raw)) {
		return Value{Kind: Literal, Text: raw}
	}
	p.lenient = true
	return Value{Kind: Text, Text: raw}
}

// Member returns the value of the last member with a name, or nil.
func (v *Value) Member(name string) *Value {
	for i := len(v.Members) - 1; i >= 0; i-- {
		if v.Members[i].Name == name {
			return &v.Members[i].Value
		}
	}
	return nil
}

// Null reports whether there is nothing: a nil Value, or null.
func (v *Value) Null() bool { return v == nil || v.Kind == Literal && v.Text == "null" }

// String is the value as text. An array is written [item1, item2], as the developer guide shows it.
func (v *Value) String() string {
	if v.Kind == Text || v.Kind == Literal {
		return v.Text
	}
	texts := make([]string, len(v.Members))
	for i := range v.Members {
		texts[i] = v.Members[i].Value.String()
		if v.Kind == Object {
			texts[i] = v.Members[i].Name + "=" + texts[i]
		}
	}
	list := strings.Join(texts, ", ")
	if v.Kind == Object {
		return "{" + list + "}"
	}
	return "[" + list + "]"
}
