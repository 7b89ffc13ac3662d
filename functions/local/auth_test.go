package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	lib "github.com/golang-jwt/jwt/v5"

	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/jwt/jwttest"
	"wsecho/domain"
)

// guarded is the API in mode jwt, with an issuer on this machine and all that it logs.
type guarded struct {
	*server
	log gatewaytest.Buffer
}

// The issuer's keys.
var (
	rsaKey = jwttest.RSA("rsa")
	ecKey  = jwttest.EC("ec")
	edKey  = jwttest.Ed("ed")
)

// startGuarded runs the local program's server in mode jwt, with further flags.
func startGuarded(t *testing.T, flags ...string) *guarded {
	t.Helper()
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(jwttest.Set(rsaKey, ecKey, edKey))
	}))
	t.Cleanup(issuer.Close)
	g := new(guarded)
	g.server = startLogging(t, &g.log, append([]string{
		"-json", "-messages-per-minute", "0",
		"-auth", "jwt", "-issuer", jwttest.Issuer, "-audience", jwttest.Audience, "-jwks", issuer.URL,
		"-origins", "https://app.example, http://localhost:3000,https://[2001:db8::1]:8443",
	}, flags...)...)
	return g
}

// upgrade asks for a connection and returns the HTTP status of the answer and the subprotocol in it. The connection,
// if there is one, is closed.
func upgrade(t *testing.T, url, query string, header http.Header) (status int, protocol string) {
	t.Helper()
	var lines []string
	for name, values := range header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	c := gatewaytest.Handshake(t, url+query, lines...)
	c.Conn.Close()
	return c.Response.StatusCode, c.Response.Header.Get("Sec-WebSocket-Protocol")
}

// connections counts what the registry has.
func (g *guarded) connections(t *testing.T) int {
	t.Helper()
	total := 0
	for _, audience := range []domain.Audience{domain.Everyone, domain.UserAudience("ada")} {
		page, err := g.parts.Registry.Members(t.Context(), audience, domain.Ring, 100)
		if err != nil {
			t.Fatal(err)
		}
		total += len(page.Members)
	}
	return total
}

// The ways to show tokens.
func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func offered(protocols ...string) http.Header {
	return http.Header{"Sec-Websocket-Protocol": {strings.Join(protocols, ", ")}}
}

func from(origin string, header http.Header) http.Header {
	header.Add("Origin", origin)
	return header
}

func both(a, b http.Header) http.Header {
	for name, values := range b {
		a[name] = append(a[name], values...)
	}
	return a
}

// handshake is one that must be answered with a status.
type handshake struct {
	name   string
	header http.Header
	query  string
	status int
}

// badHandshakes are refused by a server that accepts no token in the query string.
func badHandshakes() []handshake {
	all := badTransports()
	for name, token := range forgedTokens() {
		all = append(all, handshake{name, bearer(token), "", 401})
		all = append(all, handshake{name + ", offered", offered("wsecho.v1", "bearer."+token), "", 401})
	}
	for name, claims := range badClaims() {
		all = append(all, handshake{name, bearer(edKey.Sign(jwttest.Claims("ada", claims), nil)), "", 401})
	}
	for name, user := range map[string]any{
		"no subject": nil, "empty subject": "", "subject of an anonymous client": "anon-PJqB0fHsqRcCHlw=", "subject with a space": "a b",
		"subject of 65 characters": strings.Repeat("a", 65), "subject with a bar": "auth0|ada",
	} {
		all = append(all, handshake{name, bearer(edKey.Sign(jwttest.Claims("ada", map[string]any{"sub": user}), nil)), "", 403})
	}
	for _, origin := range badOrigins {
		token := edKey.Sign(jwttest.Claims("ada", nil), nil)
		all = append(all, handshake{"origin " + origin, from(origin, bearer(token)), "", 403})
	}
	return all
}

// badTransports show a good token in a bad way, or none.
func badTransports() []handshake {
	good := edKey.Sign(jwttest.Claims("ada", nil), nil)
	other := ecKey.Sign(jwttest.Claims("bob", nil), nil)
	return []handshake{
		{"nothing", http.Header{}, "", 401},
		{"a claimed name", http.Header{}, "?user=ada", 401},
		{"the subprotocol alone", offered("wsecho.v1"), "", 401},
		{"a token without the subprotocol", offered("bearer." + good), "", 401},
		{"a token with another version", offered("wsecho.v2", "bearer."+good), "", 401},
		{"the subprotocol in capitals", offered("WSECHO.V1", "bearer."+good), "", 401},
		{"the prefix in capitals", offered("wsecho.v1", "BEARER."+good), "", 401},
		{"an empty token offered", offered("wsecho.v1", "bearer."), "", 401},
		{"two tokens offered", offered("wsecho.v1", "bearer."+good, "bearer."+other), "", 401},
		{"a token and an empty one", offered("wsecho.v1", "bearer."+good, "bearer."), "", 401},
		{"two tokens in two headers", both(bearer(good), bearer(other)), "", 401},
		{"two tokens in two ways", both(bearer(good), offered("wsecho.v1", "bearer."+other)), "", 401},
		{"two tokens in one header", bearer(good + ", Bearer " + good), "", 401},
		{"a token in the query string", http.Header{}, "?token=" + good, 401},
		{"a token in the query string and elsewhere", bearer(good), "?token=" + good, 401},
		{"an empty token in the query string", bearer(good), "?token=", 401},
		{"two tokens in the query string", http.Header{}, "?token=" + good + "&token=" + other, 401},
		{"no scheme", http.Header{"Authorization": {good}}, "", 401},
		{"another scheme", http.Header{"Authorization": {"Basic " + good}}, "", 401},
		{"another scheme besides", both(bearer(good), http.Header{"Authorization": {"Basic YTpi"}}), "", 401},
		{"no token behind the scheme", http.Header{"Authorization": {"Bearer"}}, "", 401},
		{"only a space behind the scheme", http.Header{"Authorization": {"Bearer "}}, "", 401},
		{"quotes", bearer(`"` + good + `"`), "", 401},
		{"a cookie", http.Header{"Cookie": {"token=" + good}}, "", 401},
		{"two origins", from("https://app.example", from("https://app.example", bearer(good))), "", 403},
		{"a good origin, and a bad token", from("https://app.example", bearer("x.y.z")), "", 401},
		{"a bad origin, and no token", from("https://evil.example", http.Header{}), "", 403},
	}
}

// badOrigins resemble those that are allowed.
var badOrigins = []string{
	"https://evil.example", "null", "NULL", "", "*", "https://", "app.example", "//app.example",
	"http://app.example", "wss://app.example", "https://app.example.evil.example", "https://evil.app.example", "https://evilapp.example",
	"https://app.exampl", "https://app.example.", "https://app.example:444", "https://app.example:80", "https://app.example:",
	"https://app.example:0443", "https://app.example/", "https://app.example/path", "https://app.example?x", "https://app.example#x",
	"https://user@app.example", "https://app.example@evil.example", "https://app.example https://evil.example",
	"https://app.example,https://evil.example", "https://app.example\\@evil.example", "https://app%2eexample", "http://localhost",
	"http://localhost:3001", "http://127.0.0.1:3000", "https://localhost:3000", "https://[2001:db8::1]", "https://[2001:db8::2]:8443",
	"https://app.\u212Aample", "https://\u0430pp.example",
}

func badClaims() map[string]map[string]any {
	now := time.Now()
	return map[string]map[string]any{
		"expired":                {"exp": now.Unix()},
		"no expiry":              {"exp": nil},
		"expiry as text":         {"exp": "9999999999"},
		"not valid yet":          {"nbf": now.Add(60 * time.Second).Unix()},
		"another issuer":         {"iss": "https://evil.example"},
		"no issuer":              {"iss": nil},
		"another audience":       {"aud": "other"},
		"no audience":            {"aud": nil},
		"subject is an object":   {"sub": map[string]any{"name": "ada"}},
		"scope is a list":        {"scope": []string{"wsecho:*"}},
		"expiry beyond all time": {"exp": 1e300},
	}
}

// forgedTokens were not made by the issuer, or are no tokens.
func forgedTokens() map[string]string {
	claims := jwttest.Claims("ada", nil)
	good := edKey.Sign(claims, nil)
	part := strings.Split(good, ".")
	none, confused, secret := edKey, rsaKey, edKey
	none.Method, none.Private = lib.SigningMethodNone, lib.UnsafeAllowNoneSignatureType
	confused.Method, confused.Private = lib.SigningMethodHS256, rsaKey.PublicPEM()
	secret.Method, secret.Private = lib.SigningMethodHS512, []byte("guess")
	pss := rsaKey
	pss.Method = lib.SigningMethodPS256
	mixed := ecKey
	mixed.ID = "ed"
	thief := jwttest.Ed("ed")
	return map[string]string{
		"alg none":                         none.Sign(claims, nil),
		"alg nOnE":                         none.Sign(claims, map[string]any{"alg": "nOnE"}),
		"HS256 with the public key":        confused.Sign(claims, nil),
		"HS512":                            secret.Sign(claims, nil),
		"PS256":                            pss.Sign(claims, nil),
		"another kind of key under an id":  mixed.Sign(claims, nil),
		"another key under an id":          thief.Sign(claims, nil),
		"another key that brings itself":   thief.Sign(claims, map[string]any{"jwk": thief.Published, "kid": nil}),
		"an unknown key id":                jwttest.Ed("unknown").Sign(claims, nil),
		"an unknown key id of a known key": edKey.Sign(claims, map[string]any{"kid": "../ed"}),
		"key id is a number":               edKey.Sign(claims, map[string]any{"kid": 1}),
		"a critical extension":             edKey.Sign(claims, map[string]any{"crit": []string{"exp"}}),
		"without its signature":            part[0] + "." + part[1] + ".",
		"the claims of another":            part[0] + "." + strings.Split(edKey.Sign(jwttest.Claims("root", nil), nil), ".")[1] + "." + part[2],
		"two parts":                        part[0] + "." + part[1],
		"four parts":                       good + ".x",
		"five parts, as if encrypted":      good + ".x.y",
		"the header is no JSON":            "x." + part[1] + "." + part[2],
		"the claims are no JSON":           part[0] + ".x." + part[2],
		"text":                             "hello",
		"padded":                           good + "==",
		"larger than 8 KB":                 edKey.Sign(jwttest.Claims("ada", map[string]any{"x": strings.Repeat("x", 6100)}), nil),
	}
}

func TestBadHandshakes(t *testing.T) {
	g := startGuarded(t)
	all := badHandshakes()
	for _, test := range all {
		t.Run(test.name, func(t *testing.T) {
			if status, _ := upgrade(t, g.url, test.query, test.header); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if n := g.connections(t); n > 0 {
				t.Errorf("the registry has %d rows", n)
			}
		})
	}
	t.Logf("%d bad handshakes", len(all))
	g.loggedNoSecrets(t, all)
}

// loggedNoSecrets looks for parts of tokens and query strings in the log.
func (g *guarded) loggedNoSecrets(t *testing.T, all []handshake) {
	t.Helper()
	log := g.log.String()
	if log == "" {
		t.Error("nothing was logged at all")
	}
	for _, test := range all {
		text := fmt.Sprint(test.header, test.query)
		for _, secret := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(". ,[]=&", r) }) {
			if len(secret) > 20 && strings.Contains(log, secret) {
				t.Errorf("%s: the log has %.40s", test.name, secret)
			}
		}
	}
	if !strings.Contains(log, "the token has expired") {
		t.Error("the log does not say why clients were refused")
	}
	if strings.Contains(log, "token=") || strings.Contains(log, "?user") {
		t.Error("the log has a query string")
	}
}

func TestGoodHandshakes(t *testing.T) {
	g := startGuarded(t, "-query-token")
	for _, key := range []jwttest.Key{rsaKey, ecKey, edKey} {
		token := key.Sign(jwttest.Claims("ada", nil), nil)
		for name, test := range map[string]struct {
			header   http.Header
			query    string
			protocol string
		}{
			"Authorization":                {bearer(token), "", ""},
			"scheme in another case":       {http.Header{"Authorization": {"bearer  " + token}}, "", ""},
			"subprotocol":                  {offered("wsecho.v1", "bearer."+token), "", "wsecho.v1"},
			"subprotocol behind the token": {offered("bearer."+token, "other", "wsecho.v1"), "", "wsecho.v1"},
			"subprotocols in two headers":  {both(offered("wsecho.v1"), offered("bearer."+token)), "", "wsecho.v1"},
			"query":                        {http.Header{}, "?token=" + token, ""},
			"the same token in all ways":   {both(bearer(token), offered("wsecho.v1", "bearer."+token)), "?token=" + token, "wsecho.v1"},
			"another name is ignored":      {bearer(token), "?user=root", ""},
			"an origin":                    {from("https://app.example", bearer(token)), "", ""},
			"its default port":             {from("https://app.example:443", bearer(token)), "", ""},
			"in another case":              {from("HTTPS://App.Example", bearer(token)), "", ""},
			"another port":                 {from("http://localhost:3000", bearer(token)), "", ""},
			"an address":                   {from("https://[2001:DB8::1]:8443", bearer(token)), "", ""},
		} {
			t.Run(key.ID+"/"+name, func(t *testing.T) {
				if status, protocol := upgrade(t, g.url, test.query, test.header); status != 101 || protocol != test.protocol {
					t.Errorf("status %d with the subprotocol %q, want 101 with %q", status, protocol, test.protocol)
				}
			})
		}
	}
}

// admitted is a client with a token of some claims.
func (g *guarded) admitted(t *testing.T, claims map[string]any) *client {
	t.Helper()
	token := edKey.Sign(jwttest.Claims("ada", claims), nil)
	return dial(t, g.url+"?user=root", "Sec-WebSocket-Protocol: wsecho.v1, bearer."+token)
}

func TestIdentityIsTheSubject(t *testing.T) {
	c := startGuarded(t).admitted(t, nil)
	c.Send(`{"action":"echo"}`)
	if info := c.receive("echo")["connection"].(map[string]any); info["user"] != "ada" {
		t.Errorf("the echo is of %v", info)
	}
}

// TestGrants: what a token does not grant is refused, and the connection goes on.
func TestGrants(t *testing.T) {
	const (
		broadcast = `{"action":"broadcast","data":1}`
		tell      = `{"action":"tell","to":{"user":"ada"},"data":1}`
		lobby     = `{"action":"join","room":"lobby"}`
		team      = `{"action":"join","room":"team-a"}`
	)
	tests := []struct {
		scope   string
		refused []string
		allowed []string
	}{
		{"", []string{broadcast, tell, lobby, team}, nil},
		{"openid", []string{broadcast, tell, lobby, team}, nil},
		{"wsecho:broadcast", []string{tell, lobby, team}, []string{broadcast}},
		{"wsecho:tell", []string{broadcast, lobby, team}, []string{tell}},
		{"wsecho:room:team-*", []string{broadcast, tell, lobby}, []string{team}},
		{"wsecho:room:lobby wsecho:tell", []string{broadcast, team}, []string{lobby, tell}},
		{"wsecho:*", nil, []string{broadcast, tell, lobby, team}},
	}
	g := startGuarded(t)
	for _, test := range tests {
		t.Run(test.scope, func(t *testing.T) {
			c := g.admitted(t, map[string]any{"scope": test.scope})
			for _, message := range test.refused {
				c.Send(message)
				if got := c.receive("error"); got["code"] != "forbidden" {
					t.Errorf("%s: %v, want forbidden", message, got)
				}
			}
			for _, message := range test.allowed {
				c.Send(message)
				c.receive("ack")
			}
			c.echoes()
		})
	}
}

// TestLargeScope: a token of nearly 8 KB, all of it grants, still fits into what an authorizer may return.
func TestLargeScope(t *testing.T) {
	var scope strings.Builder
	for n := 0; scope.Len() < 5800; n++ {
		fmt.Fprintf(&scope, "wsecho:room:team-number-%d ", n)
	}
	scope.WriteString("wsecho:room:last")
	c := startGuarded(t).admitted(t, map[string]any{"scope": scope.String()})
	c.Send(`{"action":"join","room":"last"}`)
	c.receive("ack")
}

// TestTokenExpired on a living connection: its messages are refused from then on, each by its id.
func TestTokenExpired(t *testing.T) {
	c := startGuarded(t).admitted(t, map[string]any{"exp": time.Now().Add(2 * time.Second).Unix()})
	var got map[string]any
	wait(t, func() bool {
		c.Send(`{"action":"echo","id":"1"}`)
		got = c.reply()
		return got["type"] == "error"
	})
	if got["code"] != "token_expired" || got["retryable"] != false || got["id"] != "1" {
		t.Errorf("after the token's expiry: %v", got)
	}
}

// TestExpiredTokensStayOut, even by a second: who got in with one would be refused every message.
func TestExpiredTokensStayOut(t *testing.T) {
	g := startGuarded(t)
	token := edKey.Sign(jwttest.Claims("ada", map[string]any{"exp": time.Now().Unix()}), nil)
	if status, _ := upgrade(t, g.url, "", bearer(token)); status != 401 {
		t.Errorf("status %d", status)
	}
}

// TestIssuerDown fails closed, and not with the client's fault.
func TestIssuerDown(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	g := startGuarded(t, "-jwks", "http://"+listener.Addr().String()+"/keys?secret=hidden")
	token := edKey.Sign(jwttest.Claims("ada", nil), nil)
	if status, _ := upgrade(t, g.url, "", bearer(token)); status != 500 {
		t.Errorf("without any keys: status %d, want 500", status)
	}
	if log := g.log.String(); !strings.Contains(log, "keys") || strings.Contains(log, token) || strings.Contains(log, "hidden") {
		t.Errorf("the log: %s", log)
	}
}

func TestAuthSettings(t *testing.T) {
	for want, args := range map[string][]string{
		"open or jwt":      {"-auth", "none"},
		"JWT_ISSUER":       {"-auth", "jwt", "-audience", "a", "-jwks", "x"},
		"JWT_AUDIENCE":     {"-auth", "jwt", "-issuer", "i", "-jwks", "x"},
		"JWKS_URL":         {"-auth", "jwt", "-issuer", "i", "-audience", "a"},
		"must be https":    {"-auth", "jwt", "-issuer", "i", "-audience", "a", "-jwks", "http://issuer.example/keys"},
		"is no origin":     {"-origins", "https://app.example,*"},
		"ALLOWED_ORIGINS":  {"-origins", "https://*.example"},
		"that is no grant": {"-auth", "jwt", "-issuer", "i", "-audience", "a", "-jwks", "x", "-default-grants", "wsecho:tell admin"},
	} {
		var out gatewaytest.Buffer
		err := run(t.Context(), append(args, "-addr", "127.0.0.1:0"), &out, &out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run(%q) = %v, want something with %q", args, err, want)
		}
	}
}

// TestKeySetFile runs with the key set that make token writes.
func TestKeySetFile(t *testing.T) {
	path := t.TempDir() + "/jwks.json"
	if err := os.WriteFile(path, jwttest.Set(edKey), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGuarded(t, "-jwks", path)
	g.admitted(t, nil).echoes()
}

// TestBodiesAreNotLogged, whether they are served, refused, or close the connection.
func TestBodiesAreNotLogged(t *testing.T) {
	g := startGuarded(t)
	c := g.admitted(t, map[string]any{"scope": "wsecho:tell"})
	for _, message := range []string{
		`{"action":"echo","id":"secret-1","data":"secret-2"}`,
		`{"action":"echo","data":"secret-3"`,
		`secret-4`,
		`{"action":"secret-5"}`,
		`{"action":"broadcast","data":"secret-6"}`,
		`{"action":"join","room":"secret-7"}`,
		`{"action":"tell","to":{"user":"secret-8"},"data":"secret-9"}`,
		`{"action":"tell","to":{"connection":"secret-10"},"data":1,"key":"secret-key-of-17"}`,
	} {
		c.Send(message)
		c.Message()
	}
	c.Raw(ws.NewBinaryFrame([]byte("secret-11")))
	c.Closed()
	if log := g.log.String(); strings.Contains(log, "secret") {
		t.Errorf("the log has parts of messages:\n%s", log)
	}
}
