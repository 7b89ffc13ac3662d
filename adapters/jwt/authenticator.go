// Package jwt proves who connects by JSON Web Tokens, signed by an issuer who publishes its keys as a JSON Web Key Set.
//
// What an attacker controls is refused as early as possible: a token's size, form and algorithm before anything is
// looked up, and a key is only used for the one algorithm that it is made for. Sources: RFC 7515, 7517, 7518, 7519,
// 8037 and the advice of RFC 8725.
package jwt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"wsecho/domain"
)

// MaxToken is the size of a token in bytes. API Gateway bounds all headers of a request together to 10,240.
const MaxToken = 8 << 10

// latestExpiry is the greatest exp that is taken for a time, the end of the year 9999: beyond, arithmetic overflows.
const latestExpiry = 253402300799

// Config says whose tokens are accepted.
type Config struct {
	// Issuer and Audience are what the claims iss and aud must be, or have among them. Both are required.
	Issuer, Audience string
	// Keys is where the issuer publishes its keys. Required.
	Keys Source
	// DefaultGrants are for tokens whose scope has no grants of ours. The zero value grants nothing.
	DefaultGrants domain.Grants
	// Logger is told when the keys cannot be read. Required.
	Logger *slog.Logger
}

// Authenticator accepts tokens signed with RS256, ES256 or EdDSA (Ed25519). It is safe for concurrent use.
//
// A token needs the claims iss, aud, exp and sub. Since clocks differ, nbf has a leeway of domain.ExpiryGrace; exp has
// none, as whoever got in by it would be refused every message. No name of a claim or a header parameter may come twice.
// The user is sub, which must be a valid user name; grants are in scope, a text (RFC 8693, 4.2).
type Authenticator struct {
	parser   *jwt.Parser
	keys     *keySet
	defaults domain.Grants
}

var _ domain.Authenticator = (*Authenticator)(nil)

// New makes an authenticator. It reads no key before the first token asks for one. The error names what the
// configuration lacks.
func New(c Config) (*Authenticator, error) {
	switch {
	case c.Issuer == "":
		return nil, errors.New("jwt: the issuer is missing")
	case c.Audience == "":
		return nil, errors.New("jwt: the audience is missing")
	case c.Keys == nil || c.Logger == nil:
		return nil, errors.New("jwt: the source of keys or the logger is missing")
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{algRSA, algEC, algEd}),
		jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(domain.ExpiryGrace),
		jwt.WithStrictDecoding(), // One token has one spelling.
	)
	return &Authenticator{parser, &keySet{source: c.Keys, logger: c.Logger}, c.DefaultGrants}, nil
}

// Authenticate returns who a token is about. Refusals: unauthorized, and forbidden for a good token whose subject is
// no user name. An error that wraps domain.ErrUnavailable says that the issuer's keys could not be read.
func (a *Authenticator) Authenticate(ctx context.Context, c domain.Credentials) (domain.Identity, error) {
	switch {
	case c.Token == "":
		return domain.Identity{}, unauthorized("there is no token")
	case len(c.Token) > MaxToken:
		return domain.Identity{}, unauthorized("the token is too large")
	case strings.Trim(c.Token, compactAlphabet) != "": // Go's base64 decoder would skip line breaks.
		return domain.Identity{}, unauthorized("the token is malformed")
	case repeats(c.Token):
		return domain.Identity{}, unauthorized("the token has a claim or a header parameter twice")
	}
	// A map, since names of claims are compared exactly: a struct would take "SUB" for "sub".
	claims := jwt.MapClaims{}
	_, err := a.parser.ParseWithClaims(c.Token, claims, func(t *jwt.Token) (any, error) { return a.candidates(ctx, t) })
	if err != nil {
		return domain.Identity{}, refusal(err)
	}
	return a.identity(claims)
}

// compactAlphabet has the characters of a token (RFC 7515, 7.1).
const compactAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

// candidates are the keys that may have signed a token.
func (a *Authenticator) candidates(ctx context.Context, t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical {
		return nil, unauthorized("the token has extensions that are not understood") // RFC 7515, 4.1.11.
	}
	id := ""
	if given, ok := t.Header["kid"]; ok {
		if id, ok = given.(string); !ok {
			return nil, unauthorized("the token is malformed")
		}
	}
	found, err := a.keys.find(ctx, id, t.Method.Alg())
	set := jwt.VerificationKeySet{}
	for _, key := range found {
		set.Keys = append(set.Keys, key)
	}
	return set, err
}

// identity reads the claims of a token that is genuine and current.
func (a *Authenticator) identity(claims jwt.MapClaims) (domain.Identity, error) {
	user, err := claims.GetSubject()
	scope, textual := claims["scope"].(string)
	if _, given := claims["scope"]; err != nil || given && !textual {
		return domain.Identity{}, unauthorized("the token's claims are malformed")
	}
	if seconds, _ := claims["exp"].(float64); seconds > latestExpiry {
		return domain.Identity{}, unauthorized("the token's claims are malformed")
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return domain.Identity{}, unauthorized("the token's claims are malformed")
	}
	end := expires.Truncate(time.Second)
	if !time.Now().Before(end) {
		return domain.Identity{}, unauthorized("the token has expired")
	}
	if !domain.ValidUser(user) {
		return domain.Identity{}, &domain.Error{Code: domain.Forbidden, Message: "the token's subject is no user name"}
	}
	grants := domain.ParseGrants(scope)
	if grants == "" {
		grants = a.defaults
	}
	return domain.Identity{User: user, ExpiresAt: end, Grants: grants}, nil
}

// refusal says why a token was not accepted, in words of ours: the library's may quote the token.
func refusal(err error) error {
	if known, ok := errors.AsType[*domain.Error](err); ok {
		return known
	}
	if noKeys, ok := errors.AsType[*keysUnavailable](err); ok {
		return noKeys
	}
	for _, reason := range []struct {
		err  error
		text string
	}{
		{jwt.ErrTokenSignatureInvalid, "the token's signature or its algorithm is not accepted"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenInvalidIssuer, "the token has another issuer"},
		{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks a claim"},
		{jwt.ErrTokenInvalidClaims, "the token's claims are malformed"},
	} {
		if errors.Is(err, reason.err) {
			return unauthorized(reason.text)
		}
	}
	return unauthorized("the token is malformed")
}

func unauthorized(why string) error {
	return &domain.Error{Code: domain.Unauthorized, Message: why}
}

// keysUnavailable says that it cannot be told whether a token is genuine.
type keysUnavailable struct{ cause error }

func (e *keysUnavailable) Error() string {
	return fmt.Sprintf("the issuer's keys are not available: %v", e.cause)
}

func (e *keysUnavailable) Unwrap() []error { return []error{domain.ErrUnavailable, e.cause} }
