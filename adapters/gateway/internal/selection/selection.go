// Package selection evaluates route selection expressions: what API Gateway compares with the keys of a WebSocket API's
// routes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
package selection

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wsecho/adapters/gateway/internal/lenient"
)

// Expression is a route selection expression: constant parts and paths into the body, in turn. It may be used by several
// goroutines.
type Expression []part

// part is a constant text or, if path isn't nil, a place in the message.
type part struct {
	text string
	path []step
}

// step goes down into an object by name, or into an array by index (name is empty then).
type step struct {
	name  string
	index int
}

// Parse understands what the developer guide describes: $request.body.path alone, ${request.body.path} within other
// text, and \$ for a dollar sign. A path has names after dots, ['name'] and [0].
func Parse(s string) (Expression, error) {
	var e Expression
	for rest := s; rest != ""; {
		p, left, err := nextPart(rest, rest == s)
		if err != nil {
			return nil, fmt.Errorf("route selection expression %q: %w", s, err)
		}
		e, rest = append(e, p), left
	}
	return e, nil
}

func nextPart(s string, first bool) (part, string, error) {
	switch {
	case strings.HasPrefix(s, `\$`):
		return part{text: "$"}, s[2:], nil
	case strings.HasPrefix(s, "${"):
		inside, rest, ok := strings.Cut(s[2:], "}")
		if !ok {
			return part{}, "", errors.New("a brace is not closed")
		}
		path, err := parsePath(inside)
		return part{path: path}, rest, err
	case s[0] == '$' && first:
		path, err := parsePath(s[1:])
		return part{path: path}, "", err
	case s[0] == '$':
		return part{}, "", errors.New(`within other text write ${request.body.name}, or \$ for a dollar sign`)
	}
	end := strings.IndexAny(s[1:], `$\`) + 1
	if end == 0 {
		end = len(s)
	}
	return part{text: s[:end]}, s[end:], nil
}

// parsePath understands names after dots, ['name'] and [0].
func parsePath(s string) ([]step, error) {
	rest, ok := strings.CutPrefix(s, "request.body")
	if !ok || rest == "" {
		return nil, fmt.Errorf("$%s: only $request.body.name is possible", s)
	}
	var path []step
	for rest != "" {
		var st step
		var err error
		switch rest[0] {
		case '.':
			st.name, rest = cutName(rest[1:])
			if st.name == "" {
				err = errors.New("a name is missing after a dot")
			}
		case '[':
			st, rest, err = cutIndex(rest)
		default:
			err = fmt.Errorf("unexpected %q", rest)
		}
		if err != nil {
			return nil, err
		}
		path = append(path, st)
	}
	return path, nil
}

func cutName(s string) (name, rest string) {
	if end := strings.IndexAny(s, ".["); end >= 0 {
		return s[:end], s[end:]
	}
	return s, ""
}

func cutIndex(s string) (step, string, error) {
	inside, rest, ok := strings.Cut(s[1:], "]")
	if !ok {
		return step{}, "", errors.New("a bracket is not closed")
	}
	if n := len(inside); n > 2 && (inside[0] == '\'' || inside[0] == '"') && inside[n-1] == inside[0] {
		return step{name: inside[1 : n-1]}, rest, nil
	}
	index, err := strconv.Atoi(inside)
	if err != nil || index < 0 {
		return step{}, "", fmt.Errorf("[%s] is neither an index nor a quoted name", inside)
	}
	return step{index: index}, rest, nil
}

// constant returns the expression's text if it doesn't look at the message.
func (e Expression) constant() (string, bool) {
	var b strings.Builder
	for _, p := range e {
		if p.path != nil {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), true
}

// Result is what an expression yields for a message.
type Result struct {
	// Key is to be compared with the keys of routes. It is empty, as no route's key is, where a path leads nowhere.
	Key string
	// Lenient reports that the message is an object, but not JSON, strictly speaking.
	Lenient bool
	// Literal reports that a path led to a number, a boolean or null.
	Literal bool
}

// Evaluate applies the expression to the text of a message. With stringsOnly a number or a boolean yields nothing,
// otherwise its text. Null yields nothing.
func (e Expression) Evaluate(text string, stringsOnly bool) Result {
	if constant, ok := e.constant(); ok {
		return Result{Key: constant}
	}
	doc, ok := lenient.Parse(text)
	if !ok {
		return Result{}
	}
	r := Result{Lenient: !doc.Strict && doc.Root.Kind == lenient.Object}
	var b strings.Builder
	for _, p := range e {
		b.WriteString(p.text)
		v := at(&doc.Root, p.path)
		if p.path == nil || v == nil {
			continue
		}
		literal := v.Kind == lenient.Literal
		r.Literal = r.Literal || literal
		if !literal || !stringsOnly && !v.Null() {
			b.WriteString(v.String())
		}
	}
	r.Key = b.String()
	return r
}

// at follows a path, or returns nil.
func at(v *lenient.Value, path []step) *lenient.Value {
	for _, s := range path {
		if v = down(v, s); v == nil {
			return nil
		}
	}
	return v
}

func down(v *lenient.Value, s step) *lenient.Value {
	switch {
	case s.name != "" && v.Kind == lenient.Object:
		return v.Member(s.name)
	case s.name == "" && v.Kind == lenient.Array && s.index < len(v.Members):
		return &v.Members[s.index].Value
	}
	return nil
}
