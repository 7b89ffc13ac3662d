package gateway

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// expression is a route selection expression: constant parts and paths into the body, in turn.
type expression []part

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

// parseExpression understands what the developer guide describes: $request.body.path alone, ${request.body.path} within
// other text, and \$ for a dollar sign.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
func parseExpression(s string) (expression, error) {
	var e expression
	for rest := s; rest != ""; {
		p, left, err := nextPart(rest, rest == s)
		if err != nil {
			return nil, fmt.Errorf("gateway: route selection expression %q: %w", s, err)
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
func (e expression) constant() (string, bool) {
	var b strings.Builder
	for _, p := range e {
		if p.path != nil {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), true
}

// selectRoute finds the route of a message: the one whose key the expression yields, otherwise $default, if there is one.
func (g *Gateway) selectRoute(text string) (key string, route Route, ok bool) {
	key = g.evaluate(text)
	reserved := key == routeConnect || key == routeDisconnect
	if reserved {
		g.guess(6, "a message selects a reserved route; whether that works is not known", "route", key)
	}
	if route, ok = g.cfg.Routes[key]; ok && (!reserved || g.cfg.Undetermined.ReservedSelectable) {
		return key, route, true
	}
	route, ok = g.cfg.Routes[routeDefault]
	return routeDefault, route, ok
}

// evaluate returns what the expression yields for a message: the empty string where a path leads nowhere. No route key
// is empty.
func (g *Gateway) evaluate(text string) string {
	if constant, ok := g.selection.constant(); ok {
		return constant
	}
	doc := document{text: text}
	if !doc.parse() {
		return ""
	}
	if doc.sloppy && doc.root.kind == kindObject {
		g.log.Warn("a message is sloppy JSON: it is routed, as on AWS, but a strict parser will refuse it")
	}
	var b strings.Builder
	for _, p := range g.selection {
		b.WriteString(p.text)
		if p.path != nil {
			b.WriteString(g.stringify(doc.root.at(p.path)))
		}
	}
	return b.String()
}

// stringify turns a value into the text that is compared with route keys.
func (g *Gateway) stringify(v *value) string {
	if v == nil {
		return ""
	}
	if v.kind == kindLiteral {
		g.guess(5, "a message selects its route with a number, a boolean or null; what AWS makes of it is not known")
		if g.cfg.Undetermined.NonStringsToDefault || v.text == "null" {
			return ""
		}
	}
	return v.String()
}
