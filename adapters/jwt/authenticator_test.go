package jwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	lib "github.com/golang-jwt/jwt/v5"

	"wsecho/adapters/jwt"
	"wsecho/adapters/jwt/jwttest"
	"wsecho/domain"
)

// The keys of these tests.
var (
	rsaKey = jwttest.RSA("r")
	ecKey  = jwttest.EC("e")
	edKey  = jwttest.Ed("d")
)

// worst are tokens that need no look at any key.
func worst() map[string]string {
	claims := jwttest.Claims("ada", nil)
	none, hmac, hmac512, pss, es384 := edKey, edKey, edKey, rsaKey, ecKey
	none.Method, none.Private = lib.SigningMethodNone, lib.UnsafeAllowNoneSignatureType
	hmac.Method, hmac.Private = lib.SigningMethodHS256, []byte("secret")
	hmac512.Method, hmac512.Private = lib.SigningMethodHS512, rsaKey.PublicPEM()
	pss.Method = lib.SigningMethodPS256
	es384.Method, es384.Private = lib.SigningMethodES384, p384()
	good := edKey.Sign(claims, nil)
	parts := strings.Split(good, ".")
	return map[string]string{
		"nothing":                "",
		"none":                   none.Sign(claims, nil),
		"None":                   none.Sign(claims, map[string]any{"alg": "None"}),
		"HS256":                  hmac.Sign(claims, nil),
		"HS512 by a public key":  hmac512.Sign(claims, nil),
		"PS256":                  pss.Sign(claims, nil),
		"ES384":                  es384.Sign(claims, nil),
		"eddsa":                  edKey.Sign(claims, map[string]any{"alg": "eddsa"}),
		"no alg":                 edKey.Sign(claims, map[string]any{"alg": nil}),
		"alg is a number":        edKey.Sign(claims, map[string]any{"alg": 5}),
		"kid is a number":        edKey.Sign(claims, map[string]any{"kid": 5}),
		"critical extension":     edKey.Sign(claims, map[string]any{"crit": []string{"b64"}, "b64": false}),
		"too large":              edKey.Sign(jwttest.Claims("ada", map[string]any{"x": strings.Repeat("x", 8000)}), nil),
		"one part":               "one-part",
		"two parts":              parts[0] + "." + parts[1],
		"four parts":             good + "." + parts[2],
		"a space":                parts[0] + "." + parts[1] + ". " + parts[2],
		"a line break":           parts[0] + "." + parts[1] + ".\n" + parts[2],
		"padding":                parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"plain base64":           parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:],
		"the header is no JSON":  jwttest.Encode([]byte("x")) + "." + parts[1] + "." + parts[2],
		"the header is an array": jwttest.Encode([]byte("[]")) + "." + parts[1] + "." + parts[2],
		"the claims are no JSON": parts[0] + "." + jwttest.Encode([]byte("{")) + "." + parts[2],
		"the claims are a list":  parts[0] + "." + jwttest.Encode([]byte("[1]")) + "." + parts[2],
		"dots":                   "..",
		"eight thousand dots":    strings.Repeat(".", 8000),
	}
}

func p384() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func TestGoodTokens(t *testing.T) {
	var i issuer
	i.publish(rsaKey, ecKey, edKey)
	a := i.authenticator(t)
	now := time.Now()
	tests := []struct {
		name    string
		key     jwttest.Key
		changes map[string]any
		grants  domain.Grants
	}{
		{"RS256", rsaKey, nil, ""},
		{"ES256", ecKey, nil, ""},
		{"EdDSA", edKey, nil, ""},
		{"grants", edKey, map[string]any{"scope": "openid wsecho:tell wsecho:room:a*"}, "wsecho:tell wsecho:room:a*"},
		{"several audiences", edKey, map[string]any{"aud": []string{"other", jwttest.Audience}}, ""},
		{"about to expire", edKey, map[string]any{"exp": now.Add(20 * time.Second).Unix()}, ""},
		{"not yet valid within the leeway", edKey, map[string]any{"nbf": now.Add(20 * time.Second).Unix()}, ""},
		{"fractional expiry", edKey, map[string]any{"exp": float64(now.Unix()) + 100.5}, ""},
	}
	for _, test := range tests {
		claims := jwttest.Claims("ada", test.changes)
		who, err := a.Authenticate(t.Context(), domain.Credentials{Token: test.key.Sign(claims, nil), User: "eve"})
		if err != nil || who.User != "ada" || who.Grants != test.grants {
			t.Errorf("%s: %+v, %v", test.name, who, err)
		}
		if exp, ok := claims["exp"].(int64); ok && who.ExpiresAt.Unix() != exp {
			t.Errorf("%s: it ends at %v, want %v", test.name, who.ExpiresAt.Unix(), exp)
		}
	}
}

func TestBadTokens(t *testing.T) {
	var i issuer
	i.publish(rsaKey, ecKey, edKey)
	a := i.authenticator(t)
	now := time.Now()
	thief := jwttest.Ed("d") // The same id, another key.
	ask := func(name, token string, code domain.Code) {
		t.Helper()
		_, err := a.Authenticate(t.Context(), domain.Credentials{Token: token})
		wantCode(t, name, err, code)
		for part := range strings.SplitSeq(token, ".") {
			if err != nil && len(part) > 8 && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), part) {
				t.Errorf("%s: the error has a part of the token: %v", name, err)
			}
		}
	}
	for name, token := range worst() {
		ask(name, token, domain.Unauthorized)
	}
	ask("another key under a known id", thief.Sign(jwttest.Claims("ada", nil), nil), domain.Unauthorized)
	ask("another key that brings itself", thief.Sign(jwttest.Claims("ada", nil), map[string]any{"jwk": thief.Published}), domain.Unauthorized)
	ask("another spelling of a signature", respelled(edKey.Sign(jwttest.Claims("ada", nil), nil)), domain.Unauthorized)
	ask("a changed signature", changedSignature(edKey.Sign(jwttest.Claims("ada", nil), nil)), domain.Unauthorized)
	for name, changes := range map[string]map[string]any{
		"expired":                  {"exp": now.Add(-31 * time.Second).Unix()},
		"just expired":             {"exp": now.Unix()},
		"expired by a part":        {"exp": float64(now.Unix()) + 0.999},
		"no expiry":                {"exp": nil},
		"expiry as text":           {"exp": "9999999999"},
		"expiry zero":              {"exp": 0},
		"negative expiry":          {"exp": -1},
		"expiry beyond all time":   {"exp": 1e300},
		"expiry in the year 10000": {"exp": 253402300800},
		"EXP instead of exp":       {"exp": nil, "EXP": now.Add(time.Hour).Unix()},
		"not valid yet":            {"nbf": now.Add(40 * time.Second).Unix()},
		"not before as text":       {"nbf": "0"},
		"another issuer":           {"iss": "https://evil.example"},
		"issuer with a slash":      {"iss": jwttest.Issuer + "/"},
		"no issuer":                {"iss": nil},
		"issuer is a list":         {"iss": []string{jwttest.Issuer}},
		"another audience":         {"aud": "other"},
		"part of the audience":     {"aud": jwttest.Audience[:5]},
		"no audience":              {"aud": nil},
		"empty audiences":          {"aud": []string{}},
		"audience is an object":    {"aud": map[string]any{jwttest.Audience: true}},
		"subject is a number":      {"sub": 7},
		"scope is a list":          {"scope": []string{"wsecho:*"}},
	} {
		ask(name, edKey.Sign(jwttest.Claims("ada", changes), nil), domain.Unauthorized)
	}
	for name, user := range map[string]any{
		"no subject": nil, "empty subject": "", "a subject with a space": "a b", "an anonymous name": "anon-x",
		"a subject of 65": strings.Repeat("a", 65), "Sub instead of sub": nil,
	} {
		ask(name, edKey.Sign(jwttest.Claims("ada", map[string]any{"sub": user, "Sub": "ada"}), nil), domain.Forbidden)
	}
}

// changedSignature flips bits in the middle.
func changedSignature(token string) string {
	text := []byte(token)
	if at := len(text) - 20; text[at] == 'A' {
		text[at] = 'B'
	} else {
		text[at] = 'A'
	}
	return string(text)
}

// TestKeyOfAnotherKind: a key is not even tried with an algorithm that it is not for.
func TestKeyOfAnotherKind(t *testing.T) {
	var i issuer
	i.publish(rsaKey, ecKey, edKey)
	a := i.authenticator(t)
	for _, signer := range []jwttest.Key{rsaKey, ecKey, edKey} {
		for _, id := range []string{"r", "e", "d"} {
			named := signer
			named.ID = id
			err := show(t, a, named)
			if id == signer.ID && err != nil || id != signer.ID && (err == nil || !strings.Contains(err.Error(), "key is not known")) {
				t.Errorf("a token of %s that names the key %s: %v", signer.Method.Alg(), id, err)
			}
		}
	}
}

// respelled changes the last character's bits that no byte of a signature of 64 bytes uses.
func respelled(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + alphabet[last^1:last^1+1]
}

// TestClaimsInAnotherCase: a struct would let SUB overrule sub.
func TestClaimsInAnotherCase(t *testing.T) {
	var i issuer
	i.publish(edKey)
	claims := jwttest.Claims("ada", map[string]any{"SUB": "root", "Scope": "wsecho:*", "subJ": "x"})
	who, err := i.authenticator(t).Authenticate(t.Context(), domain.Credentials{Token: edKey.Sign(claims, nil)})
	if err != nil || who.User != "ada" || who.Grants != "" {
		t.Errorf("Authenticate = %+v, %v", who, err)
	}
}

// TestWithoutKeyIDs: tokens and keys without ids are tried with what fits.
func TestWithoutKeyIDs(t *testing.T) {
	var i issuer
	one, two := jwttest.Ed(""), jwttest.Ed("")
	i.publish(one, ecKey, two)
	a := i.authenticator(t)
	for _, k := range []jwttest.Key{one, two} {
		if err := show(t, a, k); err != nil {
			t.Error(err)
		}
	}
	wantCode(t, "another key", show(t, a, jwttest.Ed("")), domain.Unauthorized)
	one.ID = "named"
	wantCode(t, "a key id that no key has", show(t, a, one), domain.Unauthorized)
}

// TestRepeatedNames: whatever reads such a token may take another value than we do (RFC 7519, 4; RFC 7515, 4).
func TestRepeatedNames(t *testing.T) {
	var i issuer
	i.publish(edKey)
	a := i.authenticator(t)
	header := `{"alg":"EdDSA","kid":"d"}`
	claims := fmt.Sprintf(`"iss":%q,"aud":%q,"exp":%d`, jwttest.Issuer, jwttest.Audience, time.Now().Add(time.Hour).Unix())
	for name, test := range map[string]struct {
		header, claims string
		refused        bool
	}{
		"once":                           {header, `{"sub":"ada",` + claims + `}`, false},
		"names that differ in case":      {header, `{"sub":"ada","SUB":"eve",` + claims + `}`, false},
		"the same name further below":    {header, `{"sub":"ada","act":{"sub":"eve"},` + claims + `}`, false},
		"a claim":                        {header, `{"sub":"eve","sub":"ada",` + claims + `}`, true},
		"a claim, once escaped":          {header, `{"s\u0075b":"eve","sub":"ada",` + claims + `}`, true},
		"a claim with the same value":    {header, `{"sub":"ada","sub":"ada",` + claims + `}`, true},
		"a claim that means nothing":     {header, `{"x":1,"sub":"ada","x":{"y":[2]},` + claims + `}`, true},
		"the algorithm":                  {`{"alg":"none","alg":"EdDSA","kid":"d"}`, `{"sub":"ada",` + claims + `}`, true},
		"the key's id":                   {`{"alg":"EdDSA","kid":"x","kid":"d"}`, `{"sub":"ada",` + claims + `}`, true},
		"a parameter that means nothing": {`{"alg":"EdDSA","x":1,"x":2,"kid":"d"}`, `{"sub":"ada",` + claims + `}`, true},
	} {
		signed := jwttest.Encode([]byte(test.header)) + "." + jwttest.Encode([]byte(test.claims))
		signature, err := edKey.Method.Sign(signed, edKey.Private)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Authenticate(t.Context(), domain.Credentials{Token: signed + "." + jwttest.Encode(signature)})
		if test.refused {
			wantCode(t, name, err, domain.Unauthorized)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDefaultGrants(t *testing.T) {
	var i issuer
	i.publish(edKey)
	a, err := jwt.New(jwt.Config{
		Issuer: jwttest.Issuer, Audience: jwttest.Audience, Keys: i.read, DefaultGrants: "wsecho:tell", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	for scope, want := range map[string]domain.Grants{"": "wsecho:tell", "openid": "wsecho:tell", "wsecho:broadcast": "wsecho:broadcast"} {
		token := edKey.Sign(jwttest.Claims("ada", map[string]any{"scope": scope}), nil)
		if who, err := a.Authenticate(t.Context(), domain.Credentials{Token: token}); err != nil || who.Grants != want {
			t.Errorf("the scope %q grants %q, %v, want %q", scope, who.Grants, err, want)
		}
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	good := jwt.Config{Issuer: "i", Audience: "a", Keys: jwt.File("x"), Logger: slog.New(slog.DiscardHandler)}
	for want, spoil := range map[string]func(*jwt.Config){
		"issuer":   func(c *jwt.Config) { c.Issuer = "" },
		"audience": func(c *jwt.Config) { c.Audience = "" },
		"source":   func(c *jwt.Config) { c.Keys = nil },
		"logger":   func(c *jwt.Config) { c.Logger = nil },
	} {
		c := good
		spoil(&c)
		if _, err := jwt.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New without its %s: %v", want, err)
		}
	}
}
