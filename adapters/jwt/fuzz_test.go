package jwt_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/jwt"
	"wsecho/adapters/jwt/jwttest"
	"wsecho/domain"
)

// reasons are all that a refusal may say while the issuer's keys are known. None of them has anything of a token.
var reasons = []string{
	"there is no token", "the token is too large", "the token is malformed", "the token has a claim or a header parameter twice",
	"the token has extensions that are not understood", "the token's claims are malformed", "the token has expired",
	"the token's subject is no user name", "the token's signature or its algorithm is not accepted", "the token is not valid yet",
	"the token has another issuer", "the token is for another audience", "the token lacks a claim", "the token's key is not known",
}

// wantReason wants an error to be a refusal without any part of the token.
func wantReason(t *testing.T, token string, err error) {
	t.Helper()
	refusal, ok := errors.AsType[*domain.Error](err)
	if !ok || !slices.Contains(reasons, refusal.Message) || refusal.Details != nil || err.Error() != (&domain.Error{Code: refusal.Code, Message: refusal.Message}).Error() {
		t.Errorf("%q: %#v", token, err)
	}
}

// newFuzzed is an authenticator whose keys are read already. What it logs fails the test.
func newFuzzed(f *testing.F, keys ...jwttest.Key) *jwt.Authenticator {
	f.Helper()
	var i issuer
	i.publish(keys...)
	logger := slog.New(slog.NewTextHandler(failing{}, nil))
	a, err := jwt.New(jwt.Config{Issuer: jwttest.Issuer, Audience: jwttest.Audience, Keys: i.read, Logger: logger})
	if err != nil {
		f.Fatal(err)
	}
	good := domain.Credentials{Token: keys[0].Sign(jwttest.Claims("ada", nil), nil)}
	if who, err := a.Authenticate(f.Context(), good); err != nil || who.User != "ada" {
		f.Fatalf("a good token: %+v, %v", who, err)
	}
	return a
}

// failing is a log that has to stay empty.
type failing struct{}

func (failing) Write(line []byte) (int, error) { panic("the log must stay empty: " + string(line)) }

// FuzzToken shows anything as a token, and good tokens of every kind of key in which something was replaced. Nothing
// of that is let in.
func FuzzToken(f *testing.F) {
	keys := []jwttest.Key{rsaKey, ecKey, edKey}
	a := newFuzzed(f, keys...)
	var good []string
	for _, k := range keys {
		good = append(good, k.Sign(jwttest.Claims("ada", map[string]any{"exp": time.Now().Add(24 * time.Hour).Unix()}), nil))
	}
	for _, token := range worst() {
		f.Add(token, int16(0), uint16(0), uint8(0))
	}
	for kind := range uint8(3) {
		f.Add(".", int16(36), uint16(1), kind)
		f.Add("", int16(60), uint16(1), kind)
		f.Add(jwttest.Encode([]byte(`{"alg":"none"}`)), int16(0), uint16(36), kind)
		for _, end := range "ABQRghwx" { // One at least has the same bits where they count.
			f.Add(string(end), int16(-2), uint16(1), kind)
		}
		f.Add("AAAA", int16(-1), uint16(0), kind)
		f.Add("=", int16(-1), uint16(0), kind)
	}
	f.Fuzz(func(t *testing.T, text string, at int16, cut uint16, kind uint8) {
		token := good[int(kind)%len(good)]
		begin := min(int(at), len(token))
		if at < 0 { // From the end.
			begin = max(0, len(token)+1+int(at))
		}
		changed := token[:begin] + text + token[min(begin+int(cut), len(token)):]
		for _, shown := range []string{text, changed} {
			if slices.Contains(good, shown) {
				continue
			}
			who, err := a.Authenticate(t.Context(), domain.Credentials{Token: shown, User: "ada"})
			if err == nil {
				t.Errorf("%q was let in as %+v, changed from %q", shown, who, token)
			} else {
				wantReason(t, shown, err)
			}
		}
	})
}

// FuzzClaims signs anything with a good key, as an issuer might that others can talk into something. Who is let in has
// a user's name and an end to come, and the token was for us, as another reader reads it.
func FuzzClaims(f *testing.F) {
	a := newFuzzed(f, edKey)
	const header = `{"alg":"EdDSA","kid":"d"}`
	for _, changes := range []map[string]any{
		nil, {"exp": nil}, {"exp": 1e300}, {"exp": -1}, {"exp": "9999999999"}, {"nbf": 1e19}, {"iat": -1e30}, {"sub": nil},
		{"sub": "a b"}, {"aud": []string{"x", jwttest.Audience}}, {"aud": map[string]any{}}, {"iss": []string{jwttest.Issuer}},
		{"scope": "openid wsecho:tell"}, {"scope": []int{1}}, {"exp": 253402300799}, {"exp": 253402300800},
	} {
		changes := jwttest.Claims("ada", changes)
		if _, ok := changes["exp"].(int64); ok {
			changes["exp"] = 253402300799
		}
		claims, err := json.Marshal(changes)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(header, string(claims))
	}
	f.Add(`{"alg":"EdDSA","kid":5,"crit":[]}`, `{"sub":"ada","sub":"eve"}`)
	f.Add(`{"alg":"none","\u0061lg":"EdDSA"}`, `null`)
	f.Fuzz(func(t *testing.T, header, claims string) {
		signed := jwttest.Encode([]byte(header)) + "." + jwttest.Encode([]byte(claims))
		signature, err := edKey.Method.Sign(signed, edKey.Private)
		if err != nil {
			t.Fatal(err)
		}
		token := signed + "." + jwttest.Encode(signature)
		who, err := a.Authenticate(t.Context(), domain.Credentials{Token: token})
		if err != nil {
			wantReason(t, token, err)
			return
		}
		wantClaimed(t, who, claims)
	})
}

// wantClaimed wants an identity to be what the claims say, read once more.
func wantClaimed(t *testing.T, who domain.Identity, claims string) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(claims), &all); err != nil {
		t.Fatalf("%q was let in: %v", claims, err)
	}
	expires, _ := all["exp"].(float64)
	audiences, listed := all["aud"].([]any)
	if !listed {
		audiences = []any{all["aud"]}
	}
	if all["sub"] != who.User || !domain.ValidUser(who.User) || all["iss"] != jwttest.Issuer || !slices.Contains(audiences, any(jwttest.Audience)) {
		t.Errorf("%q was let in as %+v", claims, who)
	}
	if who.ExpiresAt.Unix() != int64(expires) || !time.Now().Before(who.ExpiresAt) || who.ExpiresAt.Year() > 9999 {
		t.Errorf("%q was let in until %v", claims, who.ExpiresAt)
	}
	scope, _ := all["scope"].(string)
	for grant := range strings.FieldsSeq(string(who.Grants)) {
		if !slices.Contains(strings.Fields(scope), grant) || !strings.HasPrefix(grant, "wsecho:") {
			t.Errorf("%q was granted %q", claims, grant)
		}
	}
}
