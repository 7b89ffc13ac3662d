// Package domain is wsEcho without AWS: connections and the audiences they belong to, the use cases that a client
// or the service itself can ask for, and the ports through which these reach the world.
//
// A port is an interface beside the type that it is about. What every implementation of it has to keep is written
// down as a test suite in package domaintest. Times come from time.Now, so tests run in the virtual time of
// testing/synctest. The package imports the standard library alone.
package domain

import (
	"context"
	"slices"
	"time"
)

// MaxConnection is how long a connection can last: then API Gateway closes it.
// Source: AWS, "Amazon API Gateway quotas", connection duration for WebSocket APIs.
const MaxConnection = 2 * time.Hour

// MaxLifetime is how long a connection's rows last at most: five minutes longer, for late events.
const MaxLifetime = MaxConnection + 5*time.Minute

// ExpiryGrace is how long a connection still gets messages after its token ended: clocks differ.
const ExpiryGrace = 30 * time.Second

// Connection is one open WebSocket, as the registry knows it. It is a value: changing it changes nothing stored.
type Connection struct {
	// ID is API Gateway's connection id, unique over time.
	ID string
	// ConnectedAt is API Gateway's connectedAt: the same in all events of one connection, milliseconds precise.
	ConnectedAt time.Time
	// ExpiresAt is when readers stop seeing the connection, whatever happened to it; see Expiry.
	ExpiresAt time.Time
	// User is the name proved or claimed when connecting; empty means anonymous. Name tells how others see it.
	User string
	// Audiences lists what the connection entered with Memberships.Enter and has not left. Everyone and the
	// audience of its user are implied and never listed.
	Audiences []Audience
	// Version counts the changes of Audiences. Only Registry writes it.
	Version int64
}

// Expiry tells when the rows of a connection end: MaxLifetime after it began, or ExpiryGrace after its token ended,
// whichever comes first. A zero tokenEnds means that the identity does not end by itself.
func Expiry(connectedAt, tokenEnds time.Time) time.Time {
	end := connectedAt.Add(MaxLifetime)
	if graced := tokenEnds.Add(ExpiryGrace); !tokenEnds.IsZero() && graced.Before(end) {
		return graced
	}
	return end
}

// AnonymousPrefix begins the derived name of every connection without a user. No user may claim such a name.
const AnonymousPrefix = "anon-"

// Name is how others see the connection: its user, or a name derived from its id.
func (c Connection) Name() string {
	if c.User != "" {
		return c.User
	}
	return AnonymousPrefix + c.ID
}

// In tells whether the connection entered an audience and has not left it.
func (c Connection) In(a Audience) bool { return slices.Contains(c.Audiences, a) }

// Member is what a fan-out knows of a connection that belongs to an audience.
type Member struct {
	ID          string    `json:"id"`
	ConnectedAt time.Time `json:"at"`
	User        string    `json:"user,omitempty"`
	// ExpiresAt is the connection's, to the second. Zero is unknown.
	ExpiresAt time.Time `json:"exp,omitzero"`
}

// ended tells whether nothing may be sent to the member any more.
func (m Member) ended() bool { return !m.ExpiresAt.IsZero() && !time.Now().Before(m.ExpiresAt) }

// Page is a run of members in the order of their positions.
type Page struct {
	Members []Member
	// Rest is what remains of the span that was asked for; it means something only when More is true.
	Rest Span
	More bool
}

// Registry knows who is connected. Implementations are safe for concurrent use.
//
// Any method may return an error that wraps ErrUnavailable: nothing is known of the outcome, and the same call may
// be made again.
type Registry interface {
	// Connect stores a connection, and makes it a member of Everyone and of its user's audience. Storing the same
	// connection again is no error and changes nothing, except that one that was evicted from its user's audience is in
	// it again; from what it had entered it stays evicted. After an error the member of the user's audience may be left
	// over, without a connection.
	Connect(ctx context.Context, c Connection) error
	// Get returns a connection as it is now, however recently it was changed, and even if it has expired and was not
	// collected yet. ErrNotConnected: there is none.
	Get(ctx context.Context, id string) (Connection, error)
	// Remove deletes a connection if it still has the version of c, and nothing else: the rows of its audiences and
	// of its user are to be evicted before (Closer does it in the right order). ErrChanged: it has another version
	// by now. A connection that is gone already is no error.
	Remove(ctx context.Context, c Connection) error
	// Members returns up to limit members of an audience within a span, in order of position; it may return fewer
	// and still have more. Expired members are left out. Members of Everyone may be read a moment late, those of
	// other audiences are current.
	Members(ctx context.Context, a Audience, s Span, limit int) (Page, error)
}
