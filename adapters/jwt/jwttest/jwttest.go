// Package jwttest is an issuer of tokens for tests: its keys, the key sets that publish them, and tokens of every
// sort, bad ones included.
package jwttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What good tokens say.
const (
	Issuer   = "https://issuer.example"
	Audience = "wsecho-test"
)

// Key signs tokens. It is a value; all its keys are in memory alone.
type Key struct {
	// ID is the key id in tokens and key sets; empty is none.
	ID string
	// Method signs. For a token whose alg is not that of the key, change it.
	Method jwt.SigningMethod
	// Private is of the type that Method takes.
	Private any
	// Published are the key's members in a key set.
	Published map[string]any
}

// rsaKey is made once: it takes longer than a whole test.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

// RSA is the key for RS256, the same in one process whatever its id.
func RSA(id string) Key {
	private := rsaKey()
	return newKey(id, jwt.SigningMethodRS256, private, map[string]any{
		"kty": "RSA", "n": Encode(private.N.Bytes()), "e": Encode(big.NewInt(int64(private.E)).Bytes()),
	})
}

// EC makes a key for ES256.
func EC(id string) Key {
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	point := must(private.PublicKey.Bytes())
	return newKey(id, jwt.SigningMethodES256, private, map[string]any{
		"kty": "EC", "crv": "P-256", "x": Encode(point[1:33]), "y": Encode(point[33:]),
	})
}

// Ed makes a key for EdDSA.
func Ed(id string) Key {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return newKey(id, jwt.SigningMethodEdDSA, private, map[string]any{"kty": "OKP", "crv": "Ed25519", "x": Encode(public)})
}

func newKey(id string, method jwt.SigningMethod, private crypto.Signer, published map[string]any) Key {
	published["use"], published["alg"] = "sig", method.Alg()
	if id != "" {
		published["kid"] = id
	}
	return Key{ID: id, Method: method, Private: private, Published: published}
}

// With returns the key with some members of its published form changed; nil removes one.
func (k Key) With(changes map[string]any) Key {
	k.Published = changed(k.Published, changes)
	return k
}

// Sign makes a token of claims. Header has more members of the token's header, or replaces them; nil removes one.
func (k Key) Sign(claims, header map[string]any) string {
	token := jwt.NewWithClaims(k.Method, jwt.MapClaims(claims))
	if k.ID != "" {
		token.Header["kid"] = k.ID
	}
	token.Header = changed(token.Header, header)
	return must(token.SignedString(k.Private))
}

// PublicPEM is the public key as text, which a server that confuses keys and secrets takes for the secret of HS256.
func (k Key) PublicPEM() []byte {
	der := must(x509.MarshalPKIXPublicKey(k.Private.(crypto.Signer).Public()))
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Set is the key set that publishes keys.
func Set(keys ...Key) []byte {
	published := []any{}
	for _, k := range keys {
		published = append(published, k.Published)
	}
	return must(json.Marshal(map[string]any{"keys": published}))
}

// Claims are those of a good token for a user, valid for an hour, with changes; nil removes one.
func Claims(user string, changes map[string]any) map[string]any {
	now := time.Now()
	return changed(map[string]any{
		"iss": Issuer, "aud": Audience, "sub": user, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}, changes)
}

// Encode writes bytes as base64url without padding.
func Encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func changed(members, changes map[string]any) map[string]any {
	members = maps.Clone(members)
	for name, value := range changes {
		if value == nil {
			delete(members, name)
		} else {
			members[name] = value
		}
	}
	return members
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
