package wiring

import (
	"errors"
	"fmt"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/jwt"
	"wsecho/domain"
)

// The modes of Auth.
const (
	// AuthOpen lets everybody in under the name they claim, for development.
	AuthOpen = "open"
	// AuthJWT lets in who has a token.
	AuthJWT = "jwt"
)

// Auth says who may connect, as operators write it.
type Auth struct {
	// Mode is AuthOpen or AuthJWT.
	Mode string
	// Issuer and Audience are what tokens must be from and for, and KeySet is the URL of the issuer's keys. All three
	// are required in mode jwt and not looked at in mode open.
	Issuer, Audience, KeySet string
	// Keys, if not nil, is read instead of KeySet.
	Keys jwt.Source
	// DefaultGrants are for tokens that have none, separated by spaces; empty is none.
	DefaultGrants string
	// Origins are the web pages that may connect, separated by commas, or * for all. Empty means in mode open those that a
	// developer has on the machine of the browser, in mode jwt none.
	Origins string
	// OwnPage lets in the page of the host that a client connects to, too. Something has to see to it that the host is one
	// of ours: by DNS rebinding any page can call itself the server's own.
	OwnPage bool
	// QueryToken allows tokens in the query string.
	QueryToken bool
}

// Apply sets the parts that decide who may connect. p has a Logger. The error says what is missing or wrong, and the
// name of the setting in the environment of a Lambda.
func (a Auth) Apply(p *Parts) error {
	origins, err := apigateway.ParseOrigins(a.Origins)
	if err != nil {
		return fmt.Errorf("allowed origins (ALLOWED_ORIGINS): %w", err)
	}
	switch a.Mode {
	case AuthOpen:
		if origins.Empty() {
			origins = apigateway.LoopbackOrigins
		}
		p.Authenticator, p.Handshake = domain.Open{}, apigateway.Handshake{Origins: origins, OwnPage: a.OwnPage}
		return nil
	case AuthJWT:
		p.Handshake = apigateway.Handshake{Tokens: true, QueryToken: a.QueryToken, Origins: origins, OwnPage: a.OwnPage}
		p.Authenticator, err = a.authenticator(p)
		return err
	}
	return fmt.Errorf("the mode of authentication (AUTH_MODE) is %q, it must be %s or %s", a.Mode, AuthOpen, AuthJWT)
}

func (a Auth) authenticator(p *Parts) (domain.Authenticator, error) {
	grants, err := a.check()
	if err != nil {
		return nil, err
	}
	keys := a.Keys
	if keys == nil {
		if keys, err = jwt.URL(a.KeySet); err != nil {
			return nil, fmt.Errorf("the key set (JWKS_URL): %w", err)
		}
	}
	return jwt.New(jwt.Config{
		Issuer: a.Issuer, Audience: a.Audience, Keys: keys, DefaultGrants: grants, Logger: p.Logger,
	})
}

// check finds all that mode jwt lacks.
func (a Auth) check() (domain.Grants, error) {
	var errs []error
	for _, setting := range []struct {
		name    string
		missing bool
	}{
		{"an issuer (JWT_ISSUER)", a.Issuer == ""},
		{"an audience (JWT_AUDIENCE)", a.Audience == ""},
		{"a key set's URL (JWKS_URL)", a.KeySet == "" && a.Keys == nil},
	} {
		if setting.missing {
			errs = append(errs, errors.New("authentication by jwt needs "+setting.name))
		}
	}
	grants := domain.ParseGrants(a.DefaultGrants)
	if string(grants) != a.DefaultGrants {
		errs = append(errs, fmt.Errorf("default grants (JWT_DEFAULT_GRANTS): %q has something that is no grant, a repetition or surplus spaces", a.DefaultGrants))
	}
	return grants, errors.Join(errs...)
}
