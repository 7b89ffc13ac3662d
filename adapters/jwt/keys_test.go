package jwt_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"wsecho/adapters/jwt/jwttest"
	"wsecho/domain"
)

// TestKeysThatAreNotUsed publishes keys that do not fit: a token that they signed is not accepted, and the good key
// beside them still is.
func TestKeysThatAreNotUsed(t *testing.T) {
	long := jwttest.Encode(append([]byte{0xff}, bytes.Repeat([]byte{1}, 1200)...))
	tests := []struct {
		name    string
		key     jwttest.Key
		changes map[string]any
	}{
		{"for encryption", edKey, map[string]any{"use": "enc"}},
		{"for other operations", edKey, map[string]any{"key_ops": []string{"encrypt"}}},
		{"for no operation", edKey, map[string]any{"key_ops": []string{}}},
		{"EdDSA key for ES256", edKey, map[string]any{"alg": "ES256"}},
		{"RSA key for PS256", rsaKey, map[string]any{"alg": "PS256"}},
		{"RSA key for RS512", rsaKey, map[string]any{"alg": "RS512"}},
		{"RSA key for HS256", rsaKey, map[string]any{"alg": "HS256"}},
		{"another type", edKey, map[string]any{"kty": "EC"}},
		{"a secret", edKey, map[string]any{"kty": "oct", "k": "AAAA"}},
		{"no type", edKey, map[string]any{"kty": nil}},
		{"type in another case", rsaKey, map[string]any{"kty": "rsa"}},
		{"another curve", edKey, map[string]any{"crv": "X25519"}},
		{"P-384", ecKey, map[string]any{"crv": "P-384"}},
		{"a point off the curve", ecKey, map[string]any{"y": jwttest.Encode(make([]byte, 32))}},
		{"the point at infinity", ecKey, map[string]any{"x": "", "y": ""}},
		{"a short coordinate", ecKey, map[string]any{"x": "AAAA"}},
		{"a short key", edKey, map[string]any{"x": "AAAA"}},
		{"no base64", edKey, map[string]any{"x": "!!!"}},
		{"RSA of 1024 bits", rsaKey, map[string]any{"n": jwttest.Encode(bytes.Repeat([]byte{0xff}, 128))}},
		{"RSA of 9608 bits", rsaKey, map[string]any{"n": long}},
		{"RSA with an even modulus", rsaKey, map[string]any{"n": jwttest.Encode(append(bytes.Repeat([]byte{0xff}, 255), 0))}},
		{"RSA with exponent 1", rsaKey, map[string]any{"e": "AQ"}},
		{"RSA with an even exponent", rsaKey, map[string]any{"e": "BA"}},
		{"RSA with a huge exponent", rsaKey, map[string]any{"e": jwttest.Encode(new(big.Int).Lsh(big.NewInt(3), 40).Bytes())}},
		{"RSA without exponent", rsaKey, map[string]any{"e": nil}},
		{"key id is a number", edKey, map[string]any{"kid": 1}},
	}
	good := jwttest.Ed("good")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var i issuer
			i.publish(test.key.With(test.changes), good)
			a := i.authenticator(t)
			err := show(t, a, test.key)
			wantCode(t, test.name, err, domain.Unauthorized)
			if err != nil && !strings.Contains(err.Error(), "key is not known") {
				t.Errorf("the key was tried: %v", err)
			}
			if err := show(t, a, good); err != nil {
				t.Errorf("the key beside it: %v", err)
			}
		})
	}
}

// TestKeysThatAreUsed although they are written in an unusual way.
func TestKeysThatAreUsed(t *testing.T) {
	for name, k := range map[string]jwttest.Key{
		"no use, no alg":   edKey.With(map[string]any{"use": nil, "alg": nil}),
		"for verification": edKey.With(map[string]any{"key_ops": []string{"verify"}}),
		"padding":          edKey.With(map[string]any{"x": edKey.Published["x"].(string) + "="}),
		"more members":     rsaKey.With(map[string]any{"x5t": "x", "other": []int{1}}),
	} {
		var i issuer
		i.publish(k)
		if err := show(t, i.authenticator(t), k); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOneBadKeyDoesNotSpoilTheSet, whatever it is.
func TestOneBadKeyDoesNotSpoilTheSet(t *testing.T) {
	for _, bad := range []string{`null`, `5`, `[]`, `{}`, `{"kty":5}`} {
		published, _ := json.Marshal(edKey.Published)
		var i issuer
		i.change([]byte(`{"keys":[`+bad+`,`+string(published)+`]}`), nil)
		if err := show(t, i.authenticator(t), edKey); err != nil {
			t.Errorf("beside %s: %v", bad, err)
		}
	}
}
