package main

import (
	"cmp"
	"flag"
	"io"
	"strings"

	"wsecho/adapters/gateway"
	"wsecho/adapters/jwt"
	"wsecho/functions/internal/wiring"
)

// authenticate adds the flags that say who may connect: the settings of the deployed authorizer.
func (o *options) authenticate(flags *flag.FlagSet) {
	a := &o.auth
	flags.StringVar(&a.Mode, "auth", wiring.AuthOpen, "`mode`: open lets everybody in, jwt takes a token (try make token)")
	flags.StringVar(&a.KeySet, "jwks", "", "`URL` or file of the issuer's key set (JWKS_URL)")
	flags.StringVar(&a.Issuer, "issuer", "", "`name` of the tokens' issuer (JWT_ISSUER)")
	flags.StringVar(&a.Audience, "audience", "", "`name` that the tokens are for (JWT_AUDIENCE)")
	flags.StringVar(&a.DefaultGrants, "default-grants", "", "`grants` of tokens that have none (JWT_DEFAULT_GRANTS)")
	flags.StringVar(&a.Origins, "origins", "", "`list` of web pages that may connect beside the program's own, or * for all; empty: in mode open those of localhost (ALLOWED_ORIGINS)")
	flags.BoolVar(&a.QueryToken, "query-token", false, "accept ?token= as well (ALLOW_QUERY_TOKEN)")
}

// authorize sets the parts that decide who may connect.
func (o options) authorize(parts *wiring.Parts) error {
	auth := o.auth
	auth.Mode = cmp.Or(auth.Mode, wiring.AuthOpen)
	auth.OwnPage = true // The guard knows that the host is ours.
	if auth.KeySet != "" && !strings.Contains(auth.KeySet, "://") {
		auth.Keys = jwt.File(auth.KeySet)
	}
	return auth.Apply(parts)
}

// authorizer guards $connect. The gateway's log says that a client was refused, the handler's own says why.
func (o options) authorizer(parts wiring.Parts, out io.Writer) (*gateway.Authorizer, error) {
	parts.Logger = newLogger(o, out, o.level())
	handler, err := wiring.Authorize().Make(parts)
	return &gateway.Authorizer{Handler: handler}, err
}
