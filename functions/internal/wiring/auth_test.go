package wiring

import (
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"wsecho/adapters/apigateway"
	"wsecho/domain"
)

// TestAuthStops runs the start of the authorizer's Lambda with bad settings: it ends and names them.
func TestAuthStops(t *testing.T) {
	if os.Getenv("AUTH_TEST") != "" {
		Start(Authorize())
		return
	}
	jwt := []string{"AUTH_MODE=jwt", "JWT_ISSUER=https://issuer.example", "JWT_AUDIENCE=a", "JWKS_URL=https://issuer.example/keys"}
	tests := []struct {
		name  string
		env   []string
		wants []string
	}{
		{"nothing", nil, []string{"AUTH_MODE"}},
		{"another mode", []string{"AUTH_MODE=none"}, []string{"AUTH_MODE", "none", "open or jwt"}},
		{"only the mode", []string{"AUTH_MODE=jwt"}, []string{"JWT_ISSUER", "JWT_AUDIENCE", "JWKS_URL"}},
		{"no issuer", append(jwt, "JWT_ISSUER="), []string{"JWT_ISSUER"}},
		{"unsafe keys", append(jwt, "JWKS_URL=http://issuer.example/keys"), []string{"JWKS_URL", "https"}},
		{"neither true nor false", append(jwt, "ALLOW_QUERY_TOKEN=yes"), []string{"ALLOW_QUERY_TOKEN", "yes"}},
		{"a pattern", append(jwt, "ALLOWED_ORIGINS=https://*.example"), []string{"ALLOWED_ORIGINS", "*.example"}},
		{"no grant", append(jwt, "JWT_DEFAULT_GRANTS=admin"), []string{"JWT_DEFAULT_GRANTS", "admin"}},
	}
	for _, test := range tests {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAuthStops$")
		command.Env = append(os.Environ(), append(test.env, "AUTH_TEST=1")...)
		out, err := command.CombinedOutput()
		if err == nil {
			t.Errorf("%s: the authorizer starts", test.name)
		}
		for _, want := range test.wants {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: the log lacks %s:\n%s", test.name, want, out)
			}
		}
	}
}

func TestAuthFromEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"AUTH_MODE": "jwt", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a", "JWKS_URL": "https://issuer.example/keys",
		"JWT_DEFAULT_GRANTS": "wsecho:tell", "ALLOWED_ORIGINS": "https://app.example", "ALLOW_QUERY_TOKEN": "true",
	} {
		t.Setenv(name, value)
	}
	p := Parts{Logger: slog.New(slog.DiscardHandler)}
	if err := whoMayConnect.fill(&p, environment{os.Getenv, whoMayConnect.Names}); err != nil || !p.Handshake.Tokens || !p.Handshake.QueryToken || p.Handshake.Origins.Empty() {
		t.Errorf("Apply: %v, %+v", err, p.Handshake)
	}
}

// TestOpenNeedsNothing but its mode; the template passes the rest empty.
func TestOpenNeedsNothing(t *testing.T) {
	var p Parts
	if err := (Auth{Mode: AuthOpen}).Apply(&p); err != nil || p.Authenticator != (domain.Open{}) {
		t.Errorf("Apply: %v, %+v", err, p)
	}
	if p.Handshake.Tokens || p.Handshake.QueryToken || p.Handshake.OwnPage {
		t.Errorf("the handshake is %+v, want one without tokens", p.Handshake)
	}
}

// TestOpenIsNotForEveryPage: as deployed, mode open lets in programs and a developer's pages, others if they are listed.
func TestOpenIsNotForEveryPage(t *testing.T) {
	const foreign, local, none = "https://evil.example", "http://localhost:3000", ""
	for setting, admitted := range map[string]map[string]bool{
		"":                    {foreign: false, "null": false, "https://api.example": false, local: true, none: true},
		"https://app.example": {foreign: false, "null": false, "https://app.example": true, local: false, none: true},
		"*":                   {foreign: true, "null": true, local: true, none: true},
	} {
		t.Setenv("AUTH_MODE", AuthOpen)
		t.Setenv("ALLOWED_ORIGINS", setting)
		p := Parts{Logger: slog.New(slog.DiscardHandler)}
		if err := whoMayConnect.fill(&p, environment{os.Getenv, whoMayConnect.Names}); err != nil {
			t.Fatal(err)
		}
		for origin, want := range admitted {
			var event apigateway.AuthorizerEvent
			event.Headers = map[string]string{"Host": "api.example"}
			if origin != none {
				event.Headers["Origin"] = origin
			}
			got, err := apigateway.Authorize(p.Authenticator, p.Handshake, p.requestLogger())(t.Context(), event)
			if effect := got.PolicyDocument.Statement[0].Effect; err != nil || (effect == "Allow") != want {
				t.Errorf("with the list %q, a page of %q: %s, %v", setting, origin, effect, err)
			}
		}
	}
}

// TestJWTAdmitsNoPageByDefault: pages are listed, or there are none.
func TestJWTAdmitsNoPageByDefault(t *testing.T) {
	p := Parts{Logger: slog.New(slog.DiscardHandler)}
	auth := Auth{Mode: AuthJWT, Issuer: "i", Audience: "a", KeySet: "https://issuer.example/keys"}
	if err := auth.Apply(&p); err != nil || !p.Handshake.Origins.Empty() || p.Handshake.QueryToken {
		t.Errorf("Apply: %v, %+v", err, p.Handshake)
	}
}
