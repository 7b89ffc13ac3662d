package domain

import (
	"context"
	"errors"
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
		return Identity{}, &Error{Code: Forbidden, Message: "?user= is no valid name: it takes 1 to 64 letters, digits and _ . @ : -, begins with a letter or digit and not with " + AnonymousPrefix}
	}
	return Identity{User: c.User, Grants: AllGrants}, nil
}

// Connector is the use case of a client that connects. Its ports are required.
type Connector struct {
	Registry    Registry
	Memberships Memberships
	// MaxPerUser is how many connections a user may have; 0 is any number. Clients that connect at the same time may
	// exceed it, and what a connect that broke off left behind may count for half a minute. Anonymous connections have
	// no user, and no limit.
	MaxPerUser int
}

// takeBack is how long a connect that failed may take to undo what it wrote.
const takeBack = 2 * time.Second

// Connect registers a new connection for an identity. The rows it writes end by themselves; see Expiry. If it fails,
// the client is not connected, and what it may have written of the user's does not count: it is taken back, or found
// out by checkUser if that fails as well. The refusal is limit_exceeded.
func (uc Connector) Connect(ctx context.Context, id string, connectedAt time.Time, who Identity) error {
	if err := uc.checkUser(ctx, who.User); err != nil {
		return err
	}
	err := uc.Registry.Connect(ctx, Connection{
		ID: id, ConnectedAt: connectedAt, ExpiresAt: Expiry(connectedAt, who.ExpiresAt), User: who.User,
	})
	if err != nil && who.User != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBack)
		defer cancel()
		_ = uc.Memberships.Evict(ctx, id, UserAudience(who.User))
	}
	return err
}

// checkUser refuses a user who has as many connections as one may have. Only who seems to have them costs a read for
// each.
func (uc Connector) checkUser(ctx context.Context, user string) error {
	if user == "" || uc.MaxPerUser == 0 {
		return nil
	}
	for _, counts := range []func(context.Context, Member) (bool, error){anybody, uc.lives} {
		n, err := uc.count(ctx, user, counts)
		if err != nil || n < uc.MaxPerUser {
			return err
		}
	}
	return &Error{
		Code:    LimitExceeded,
		Message: fmt.Sprintf("a user may have %d connections", uc.MaxPerUser),
		Details: map[string]any{"limit": uc.MaxPerUser},
	}
}

// count returns how many members of a user's audience count, up to the limit.
func (uc Connector) count(ctx context.Context, user string, counts func(context.Context, Member) (bool, error)) (n int, err error) {
	for rest, more := Ring, true; more && n < uc.MaxPerUser; {
		page, err := uc.Registry.Members(ctx, UserAudience(user), rest, uc.MaxPerUser)
		if err != nil {
			return 0, err
		}
		for _, m := range page.Members {
			one, err := counts(ctx, m)
			if err != nil {
				return 0, err
			}
			if one {
				n++
			}
		}
		rest, more = page.Rest, page.More
	}
	return n, nil
}

func anybody(context.Context, Member) (bool, error) { return true, nil }

// lives tells whether a member of a user's audience has a connection, and removes one that has none: its connecting
// broke off half-way. One that is young may be connecting right now.
func (uc Connector) lives(ctx context.Context, m Member) (bool, error) {
	if time.Since(m.ConnectedAt) < reapAge {
		return true, nil
	}
	_, err := uc.Registry.Get(ctx, m.ID)
	if !errors.Is(err, ErrNotConnected) {
		return err == nil, err
	}
	_ = uc.Memberships.Evict(ctx, m.ID, UserAudience(m.User))
	return false, nil
}
