package domain

import (
	"context"
	"strings"
)

// Audience names a set of connections that can be reached together. To this package the name is opaque; what an
// audience means is the business of whoever defines one.
type Audience string

// Everyone is the audience that every connection belongs to.
const Everyone Audience = "everyone"

// AudienceKind is all audiences whose names begin with a prefix, such as those of users.
type AudienceKind struct {
	// Prefix ends with a colon and has no other.
	Prefix string
	// Valid tells whether there can be an audience with a name, which comes without the prefix.
	Valid func(name string) bool
}

// Of returns the audience of this kind with a valid name.
func (k AudienceKind) Of(name string) Audience { return Audience(k.Prefix + name) }

// NameOf returns the name of an audience without the prefix; ok is false for audiences of another kind.
func (k AudienceKind) NameOf(a Audience) (name string, ok bool) {
	return strings.CutPrefix(string(a), k.Prefix)
}

// Users are the audiences of all connections of one user.
var Users = AudienceKind{Prefix: "user:", Valid: ValidUser}

// UserAudience is the audience of all connections of one user, who must not be anonymous.
func UserAudience(user string) Audience { return Users.Of(user) }

// Memberships knows who entered which audience, beyond Everyone and the user's own. Implementations are safe for
// concurrent use. Any method may return an error that wraps ErrUnavailable, as for Registry.
type Memberships interface {
	// Enter makes the connection a member of an audience until it leaves, is closed or expires; created is false if
	// it is one already. Only c's ID, ConnectedAt, ExpiresAt and User are looked at. ErrNotConnected: the
	// connection is not in the registry, nothing was written. ErrLimit: it is in max audiences already,
	// whoever defined them: extensions share the bound.
	//
	// created tells that this call made it a member, or may have: where an attempt's outcome stayed unknown and the
	// connection is a member, created is true, and so it is beside an error that leaves the outcome unknown.
	Enter(ctx context.Context, c Connection, a Audience, max int) (created bool, err error)
	// Leave ends a membership; left is false if there was none. A connection that is gone is no error, and leaving
	// never brings one back. left tells that this call ended it, or may have, as created of Enter.
	Leave(ctx context.Context, id string, a Audience) (left bool, err error)
	// Evict deletes the member's row alone, for somebody who is closing the connection. No row is no error.
	Evict(ctx context.Context, id string, a Audience) error
}
