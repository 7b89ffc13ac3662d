package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
)

// policy is an IAM policy document, as far as API Gateway evaluates it for an authorizer: an explicit Deny beats every
// Allow, and what nothing allows is denied.
type policy struct {
	Statement oneOrMany[statement]
}

type statement struct {
	Effect      string
	Action      oneOrMany[string]
	NotAction   oneOrMany[string]
	Resource    oneOrMany[string]
	NotResource oneOrMany[string]
	Condition   json.RawMessage
}

// oneOrMany is a value or a list of values, which IAM allows in most places.
type oneOrMany[T any] []T

// UnmarshalJSON decodes either form.
func (m *oneOrMany[T]) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		return json.Unmarshal(raw, (*[]T)(m))
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*m = oneOrMany[T]{one}
	return nil
}

// allows evaluates the policy. The notes tell what is evaluated otherwise than on AWS, always to the stricter side.
func (p *policy) allows(action, resource string) (allowed bool, notes []string) {
	denied := false
	for i, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			notes = append(notes, fmt.Sprintf("statement %d: effect %q is neither Allow nor Deny", i+1, s.Effect))
			denied = true
			continue
		}
		matches := s.covers(action, resource)
		if s.Condition != nil {
			notes = append(notes, fmt.Sprintf("statement %d has a Condition, which this gateway can't evaluate: an Allow is ignored, a Deny is obeyed", i+1))
			matches = matches && s.Effect == "Deny"
		}
		allowed = allowed || matches && s.Effect == "Allow"
		denied = denied || matches && s.Effect == "Deny"
	}
	return allowed && !denied, notes
}

// covers reports whether a statement speaks of an action on a resource. Actions are compared without case.
func (s statement) covers(action, resource string) bool {
	lower := func(pattern string) bool { return wildcard(strings.ToLower(pattern), strings.ToLower(action)) }
	exact := func(pattern string) bool { return wildcard(pattern, resource) }
	return listed(s.Action, s.NotAction, lower) && listed(s.Resource, s.NotResource, exact)
}

func listed(in, notIn oneOrMany[string], match func(string) bool) bool {
	if len(notIn) > 0 {
		return !anyOf(notIn, match)
	}
	return anyOf(in, match)
}

func anyOf(patterns oneOrMany[string], match func(string) bool) bool {
	for _, p := range patterns {
		if match(p) {
			return true
		}
	}
	return false
}

// wildcard matches * with anything, also across colons and slashes, and ? with one character. It backtracks to the last
// star only, so it takes no more than len(pattern) × len(s) steps.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
