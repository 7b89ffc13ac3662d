package apigateway

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"wsecho/domain"
)

// FuzzOrigin asks with anything as Origin and Host. Whoever is admitted as a page is one, as net/url reads its origin:
// one that is listed, one of the browser's machine, or one of the very host that is asked.
func FuzzOrigin(f *testing.F) {
	for _, seed := range [][3]string{
		{"https://app.example", "app.example", "https://app.example, null"}, {"HTTPS://App.Example:443", "app.example:443", "*"},
		{"http://localhost:3000", "localhost:3000", ""}, {"http://[::1]:8080", "[::1]:8080", "http://[0:0::1]:8080"},
		{"http://127.0.0.1.evil.example", "127.0.0.1", "http://127.0.0.1"}, {"http://localhost.evil.example", "x", "http://*.example"},
		{"null", "null", "null"}, {"https://app.example@evil.example", "evil.example", ""}, {"https://app.example,https://evil.example", "a,b", "https://a"},
		{"chrome-extension://localhost", "localhost", "chrome-extension://abcdef"}, {"http://ſ\u212a.localhost", "\u212a", "http://\u212a"},
		{"https://app.example\n", "app.example\r\n", "https://app.example/"}, {"http://xlocalhost", "xlocalhost:80", "http://localhost"}, {"http://a:8081", "a:8080", ""},
		{"http://", "", "://"}, {"http://a:0", "a:0", "http://a:99999"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, from, host, list string) {
		allowed, err := ParseOrigins(list)
		if err == nil && !allowed.any && from != opaqueOrigin && allowed.admit([]string{from}) {
			if !slices.ContainsFunc(strings.Split(list, ","), func(one string) bool { return samePage(strings.TrimSpace(one), from) }) {
				t.Errorf("the list %q admits %q", list, from)
			}
		}
		if LoopbackOrigins.admit([]string{from}) && !ofThisMachine(from) {
			t.Errorf("%q is taken for a page of this machine", from)
		}
		if SameOrigin(host, []string{from}, nil) && !samePage("http://"+host, from) && !samePage("https://"+host, from) {
			t.Errorf("%q is taken for a page of %q", from, host)
		}
		if !AnyOrigin.admit([]string{from}) || new(Origins).admit([]string{from}) || allowed.admit([]string{from, from}) && !allowed.any {
			t.Errorf("%q is admitted by who admits nobody, or refused by who admits all", from)
		}
	})
}

// samePage tells whether two origins are the same, and nothing but origins.
func samePage(a, b string) bool {
	one, err := url.Parse(a)
	other, otherErr := url.Parse(b)
	return err == nil && otherErr == nil && plain(one) && plain(other) && one.Scheme == other.Scheme &&
		strings.EqualFold(one.Hostname(), other.Hostname()) && portOf(one) == portOf(other)
}

// plain tells that a URL has a scheme, a host, perhaps a port, and nothing else.
func plain(u *url.URL) bool { return u.Host != "" && *u == url.URL{Scheme: u.Scheme, Host: u.Host} }

func portOf(u *url.URL) string {
	if u.Port() == "" {
		return map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Port()
}

// ofThisMachine tells whether a page came from the machine that shows it.
func ofThisMachine(from string) bool {
	u, err := url.Parse(from)
	if err != nil || !plain(u) || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || net.ParseIP(name).IsLoopback()
}

// refusing is an authenticator that refuses all, and keeps what it was shown.
type refusing struct{ shown []domain.Credentials }

func (r *refusing) Authenticate(_ context.Context, c domain.Credentials) (domain.Identity, error) {
	r.shown = append(r.shown, c)
	return domain.Identity{}, unauthorized("refused")
}

// FuzzHandshake connects with anything in the headers that count. A token reaches the authenticator only from where it
// may be, alone, and neither the log nor the error has it.
func FuzzHandshake(f *testing.F) {
	f.Add("Bearer a.b.c", "", "", "")
	f.Add("", "wsecho.v1, bearer.a.b.c", "https://app.example", "")
	f.Add("bearer  a.b.c ", "wsecho.v1,bearer.a.b.c", "", "a.b.c")
	f.Add("", "bearer.a.b.c", "", "")
	f.Add("", "", "", "a.b.c")
	f.Add("Basic secret", "bearer.secret", "null", "cross-site")
	f.Add("Bearer", "wsecho.v1,bearer.,,", "https://evil.example", "none")
	f.Add("Bearer\u00a0a", "\twsecho.v1\t,\u2028bearer.a", "HTTPS://APP.EXAMPLE:443", "secret")
	f.Fuzz(func(t *testing.T, authorization, protocols, origin, query string) {
		if strings.ContainsAny(authorization+protocols+origin, "\x00\r\n") {
			return // No header has these.
		}
		event := AuthorizerEvent{}
		event.MultiValueHeaders = map[string][]string{}
		for name, value := range map[string]string{"AUTHORIZATION": authorization, "sec-websocket-protocol": protocols, "Origin": origin} {
			if value != "" {
				event.MultiValueHeaders[name] = []string{value}
			}
		}
		if query != "" {
			event.QueryStringParameters = map[string]string{"token": query}
		}
		for _, h := range []Handshake{{Tokens: true, Origins: AnyOrigin}, {Tokens: true, QueryToken: true}, {Tokens: true, OwnPage: true}, {}} {
			wantTokenKept(t, h, event)
		}
	})
}

// wantTokenKept asks for a connection, and wants a token to have been shown only if it was there in a good way.
func wantTokenKept(t *testing.T, h Handshake, event AuthorizerEvent) {
	t.Helper()
	var log bytes.Buffer
	by := new(refusing)
	answer, err := Authorize(by, h, RequestLogger{Logger: slog.New(slog.NewTextHandler(&log, nil))})(t.Context(), event)
	if err == nil && answer.PolicyDocument.Statement[0].Effect != "Deny" {
		t.Errorf("%+v let in %+v", h, event)
	}
	if len(by.shown) > 1 || err != nil && err != errUnauthorized {
		t.Errorf("%+v: asked %d times, %v", h, len(by.shown), err)
	}
	if len(by.shown) == 0 || !h.Tokens {
		return
	}
	token := by.shown[0].Token
	offered := strings.Split(strings.Join(event.MultiValueHeaders["sec-websocket-protocol"], ","), ",")
	for i := range offered {
		offered[i] = strings.TrimSpace(offered[i])
	}
	authorization := strings.Join(event.MultiValueHeaders["AUTHORIZATION"], "")
	there := len(authorization) > 7 && strings.EqualFold(authorization[:7], "Bearer ") && strings.Trim(authorization[7:], " ") == token ||
		slices.Contains(offered, "bearer."+token) && slices.Contains(offered, "wsecho.v1") ||
		h.QueryToken && event.QueryStringParameters["token"] == token
	if token == "" || !there || by.shown[0].User != "" {
		t.Errorf("%+v: the authenticator was shown %+v for %+v", h, by.shown[0], event)
	}
	if len(token) > 16 && strings.Contains(log.String(), token) {
		t.Errorf("%+v: the log has the token %q: %s", h, token, &log)
	}
}
