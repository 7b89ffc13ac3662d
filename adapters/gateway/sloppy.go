package gateway

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// API Gateway reads the messages it routes with a lenient parser: messages with unquoted names or values were seen to
// reach their routes. document is such a parser, and one for JSON proper: it tells which of the two it read. It builds
// a tree whose texts are parts of the one that it reads.
type document struct {
	text   string
	pos    int
	depth  int
	root   value
	sloppy bool // The text is not JSON, strictly speaking.
	failed bool
}

type kind uint8

const (
	kindText kind = iota
	kindLiteral
	kindArray
	kindObject
)

// value is a node of the tree.
type value struct {
	kind    kind
	text    string   // Of a text or a literal: number, true, false or null.
	members []member // Of an object or an array.
}

// member is a part of an object or, without a name, of an array.
type member struct {
	name string
	value
}

// maxDepth is how deep objects and arrays may lie in each other; encoding/json has the same limit.
const maxDepth = 10000

// parse reports whether the text can be understood.
func (d *document) parse() bool {
	d.space()
	d.root = d.value("")
	d.space()
	return !d.failed && d.pos == len(d.text)
}

func (d *document) peek() byte {
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	d.failed = true
	return 0
}

func (d *document) space() {
	for d.pos < len(d.text) && strings.IndexByte(" \t\r\n", d.text[d.pos]) >= 0 {
		d.pos++
	}
}

// value reads one value. An unquoted one ends before a character of stop.
func (d *document) value(stop string) value {
	switch d.peek() {
	case '{':
		return d.nested('}', kindObject)
	case '[':
		return d.nested(']', kindArray)
	case '"', '\'':
		return value{kind: kindText, text: d.quoted()}
	}
	return d.bare(stop)
}

// nested reads an object or an array. Empty members, as behind a last comma, are skipped.
func (d *document) nested(end byte, k kind) value {
	v := value{kind: k}
	if d.depth++; d.depth > maxDepth {
		d.failed = true
		return v
	}
	defer func() { d.depth-- }()
	for d.pos++; ; {
		d.space()
		switch d.peek() {
		case end:
			d.pos++
			return v
		case ',':
			d.sloppy = true
			d.pos++
			continue
		}
		if v.members = append(v.members, d.member(k)); d.failed {
			return v
		}
		if d.space(); d.peek() == ',' {
			d.pos++
			d.space()
			d.sloppy = d.sloppy || d.peek() == end
		} else if d.peek() != end {
			d.failed = true
			return v
		}
	}
}

// member reads one member of an object or an array.
func (d *document) member(k kind) member {
	if k == kindArray {
		return member{"", d.value(",]")}
	}
	name := ""
	if c := d.peek(); c == '"' || c == '\'' {
		name = d.quoted()
	} else {
		name = d.bare(":,}").text
		d.sloppy = true
	}
	if d.space(); d.peek() != ':' {
		d.failed = true
		return member{}
	}
	d.pos++
	d.space()
	return member{name, d.value(",}")}
}

// quoted reads a text in double or, sloppily, single quotes.
func (d *document) quoted() string {
	quote, start := d.text[d.pos], d.pos
	plain := true
	for d.pos++; d.pos < len(d.text); d.pos++ {
		switch c := d.text[d.pos]; {
		case c == quote:
			d.pos++
			return d.unquote(d.text[start:d.pos], plain && quote == '"')
		case c == '\\':
			plain = false
			d.pos++
		case c < ' ':
			d.sloppy = true
		}
	}
	d.failed = true
	return ""
}

func (d *document) unquote(quoted string, plain bool) string {
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
	d.sloppy = true
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

// bare reads a number, true, false, null or, sloppily, a text without quotes.
func (d *document) bare(stop string) value {
	start := d.pos
	for d.pos < len(d.text) {
		if c := d.text[d.pos]; c < utf8.RuneSelf && strings.IndexByte(stop, c) >= 0 {
			break
		}
		d.pos++
	}
	raw := strings.TrimRight(d.text[start:d.pos], " \t\r\n")
	if raw == "" {
		d.failed = true
	}
	if json.Valid([]byte(raw)) {
		return value{kind: kindLiteral, text: raw}
	}
	d.sloppy = true
	return value{kind: kindText, text: raw}
}

// at follows a path, or returns nil. Of equal names the last one counts.
func (v *value) at(path []step) *value {
	for _, s := range path {
		if v = v.down(s); v == nil {
			return nil
		}
	}
	return v
}

func (v *value) down(s step) *value {
	switch {
	case s.name != "" && v.kind == kindObject:
		return v.member(s.name)
	case s.name == "" && v.kind == kindArray && s.index < len(v.members):
		return &v.members[s.index].value
	}
	return nil
}

// member returns the last member of an object with the name, or nil.
func (v *value) member(name string) *value {
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].name == name {
			return &v.members[i].value
		}
	}
	return nil
}

// null reports whether there is nothing: no value, or null.
func (v *value) null() bool { return v == nil || v.kind == kindLiteral && v.text == "null" }

// String is the value as text. An array is written [item1, item2], as the developer guide shows it.
func (v *value) String() string {
	if v.kind == kindText || v.kind == kindLiteral {
		return v.text
	}
	texts := make([]string, len(v.members))
	for i := range v.members {
		texts[i] = v.members[i].value.String()
		if v.kind == kindObject {
			texts[i] = v.members[i].name + "=" + texts[i]
		}
	}
	list := strings.Join(texts, ", ")
	if v.kind == kindObject {
		return "{" + list + "}"
	}
	return "[" + list + "]"
}
