package domain

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Identity is who a connection belongs to.
type Identity struct {
	// User is empty for somebody anonymous.
	User string
	// ExpiresAt is when the proof of identity ends; zero is never.
	ExpiresAt time.Time
	// Grants are what it may do; see Policy.
	Grants Grants
}

var userName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@:-]{0,63}$`)

// ValidUser tells whether a name may be a user's: up to 64 letters, digits and _ . @ : - beginning with a letter or
// digit, and not one of those that anonymous connections get.
func ValidUser(name string) bool {
	return userName.MatchString(name) && !strings.HasPrefix(name, AnonymousPrefix)
}

// Credentials are what a client shows when it connects.
type Credentials struct {
	// User is the name that the client claims without proof; empty if it claims none.
	User string
	// Token is the bearer token that proves an identity; empty without one. It is a secret: nobody logs it.
	Token string
}

// Authenticator decides who may connect. Implementations are safe for concurrent use.
type Authenticator interface {
	// Authenticate returns who the client is. An Error with the code Unauthorized means that the credentials are
	// missing or bad, one with Forbidden that this client may not connect, and any other error that nobody could
	// tell. No error has any part of the credentials in its text.
	Authenticate(ctx context.Context, c Credentials) (Identity, error)
}

// Open lets everybody in, believes the name they claim and grants everything. It is for development: anybody can be
// anybody.
type Open struct{}

// Authenticate accepts no name or a valid one.
func (Open) Authenticate(_ context.Context, c Credentials) (Identity, error) {
	if c.User != "" && !ValidUser(c.User) {
		return Identity{}, &Error{Code: Forbidden, Message: "this is no user name"}
	}
	return Identity{User: c.User, Grants: AllGrants}, nil
}

// Connector is the use case of a client that connects.
type Connector struct {
	Registry Registry
	// MaxPerUser is how many connections a user may have; 0 is any number. Clients that connect at the same time may
	// exceed it. Anonymous connections have no user, and no limit.
	MaxPerUser int
}

// Connect registers a new connection for an identity. The rows it writes end by themselves; see Expiry. The refusal is
// limit_exceeded.
func (uc Connector) Connect(ctx context.Context, id string, connectedAt time.Time, who Identity) error {
	if err := uc.checkUser(ctx, who.User); err != nil {
		return err
	}
	return uc.Registry.Connect(ctx, Connection{
		ID: id, ConnectedAt: connectedAt, ExpiresAt: Expiry(connectedAt, who.ExpiresAt), User: who.User,
	})
}

// checkUser refuses a user who has as many connections as one may have.
func (uc Connector) checkUser(ctx context.Context, user string) error {
	if user == "" || uc.MaxPerUser == 0 {
		return nil
	}
	page, err := uc.Registry.Members(ctx, UserAudience(user), Ring, uc.MaxPerUser)
	if err != nil || len(page.Members) < uc.MaxPerUser {
		return err
	}
	return &Error{
		Code:    LimitExceeded,
		Message: fmt.Sprintf("a user may have %d connections", uc.MaxPerUser),
		Details: map[string]any{"limit": uc.MaxPerUser},
	}
}
