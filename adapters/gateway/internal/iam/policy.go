// Package iam evaluates IAM policies, as far as API Gateway does it for what a Lambda authorizer returns.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package iam

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Policy is a policy document, to be decoded from JSON: an explicit Deny beats every Allow, and what nothing allows is
// denied.
type Policy struct {
	Statement OneOrMany[Statement]
}

// Statement allows or denies actions on resources. A principal is not looked at: the policy is the caller's own.
type Statement struct {
	Effect      string // Allow or Deny.
	Action      OneOrMany[string]
	NotAction   OneOrMany[string]
	Resource    OneOrMany[string]
	NotResource OneOrMany[string]
	Condition   json.RawMessage
}

// OneOrMany is a value or a list of values, which IAM allows in most places.
type OneOrMany[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (m *OneOrMany[T]) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '[' {
		return json.Unmarshal(raw, (*[]T)(m))
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*m = OneOrMany[T]{one}
	return nil
}

// Allows evaluates the policy for one action on one resource. The notes, for the log, tell what is evaluated otherwise
// than on AWS, always to the stricter side.
func (p *Policy) Allows(action, resource string) (allowed bool, notes []string) {
	denied := false
	for i, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			notes = append(notes, fmt.Sprintf("statement %d: effect %q is neither Allow nor Deny", i+1, s.Effect))
			denied = true
			continue
		}
		matches := s.covers(action, resource)
		if s.Condition != nil {
			notes = append(notes, fmt.Sprintf("statement %d has a Condition, which can't be evaluated here: an Allow is ignored, a Deny is obeyed", i+1))
			matches = matches && s.Effect == "Deny"
		}
		allowed = allowed || matches && s.Effect == "Allow"
		denied = denied || matches && s.Effect == "Deny"
	}
	return allowed && !denied, notes
}

// covers reports whether a statement speaks of an action on a resource. Actions are compared without case.
func (s Statement) covers(action, resource string) bool {
	lower := func(pattern string) bool { return wildcard(strings.ToLower(pattern), strings.ToLower(action)) }
	exact := func(pattern string) bool { return wildcard(pattern, resource) }
	return listed(s.Action, s.NotAction, lower) && listed(s.Resource, s.NotResource, exact)
}

func listed(in, notIn OneOrMany[string], match func(string) bool) bool {
	if len(notIn) > 0 {
		return !anyOf(notIn, match)
	}
	return anyOf(in, match)
}

func anyOf(patterns OneOrMany[string], match func(string) bool) bool {
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
