package domain

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// Act names something that a caller wants to do and that not everybody may. Extensions name their own; the names
// consist of letters, digits and _ . : - so that a grant can spell them.
type Act string

// ActBroadcast is to speak to everybody.
const ActBroadcast Act = "broadcast"

// Policy decides what a connection may do. Implementations are safe for concurrent use. Use cases ask it before they
// read or write anything.
type Policy interface {
	// Permit returns nil if the caller may do it, and an Error with the code Forbidden if not. Any other error is a
	// fault, and the caller may not either.
	Permit(ctx context.Context, from Caller, act Act) error
}

// ByGrants is the default policy: a caller may do what the grants of its identity cover, and nothing else.
type ByGrants struct{}

// Permit looks at the caller's grants alone. A refusal has the missing one as details.grant.
func (ByGrants) Permit(_ context.Context, from Caller, act Act) error {
	if from.Grants.Cover(act) {
		return nil
	}
	grant := grantPrefix + string(act)
	return &Error{
		Code:    Forbidden,
		Message: "you may not do this: it takes the grant " + grant,
		Details: map[string]any{"grant": grant},
	}
}

// Grants is what an identity may do, as text that fits into a token's scope: grants separated by single spaces, each
// of them "wsecho:" and an act, or the beginning of acts and a star. No grants, the zero value, cover nothing.
type Grants string

// AllGrants cover every act.
const AllGrants Grants = grantPrefix + "*"

const grantPrefix = "wsecho:"

var grantSyntax = regexp.MustCompile(`^` + grantPrefix + `([A-Za-z0-9_.:-]+\*?|\*)$`)

// ParseGrants finds the grants in a scope, a list of words separated by white space. Words that are no grants belong to
// others and are left out, and so are repetitions.
func ParseGrants(scope string) Grants {
	var kept []string
	for word := range strings.FieldsSeq(scope) {
		if grantSyntax.MatchString(word) && !slices.Contains(kept, word) {
			kept = append(kept, word)
		}
	}
	return Grants(strings.Join(kept, " "))
}

// Cover tells whether one of the grants is for an act.
func (g Grants) Cover(act Act) bool {
	for grant := range strings.FieldsSeq(string(g)) {
		pattern, ours := strings.CutPrefix(grant, grantPrefix)
		beginning, open := strings.CutSuffix(pattern, "*")
		if ours && (pattern == string(act) || open && strings.HasPrefix(string(act), beginning)) {
			return true
		}
	}
	return false
}
