package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// The algorithms that are accepted (RFC 7518, 3.1; RFC 8037, 3.1).
const (
	algRSA = "RS256"
	algEC  = "ES256"
	algEd  = "EdDSA"
)

// The sizes of RSA keys in bits: the least is RFC 7518's (3.3), the greatest bounds the work of a verification.
const (
	minRSA = 2048
	maxRSA = 8192
)

// maxCandidates bounds how many keys a token without a key id is tried with.
const maxCandidates = 8

// key is a public key for one algorithm.
type key struct {
	id, alg string
	public  crypto.PublicKey
}

// fitting are the keys for an algorithm, those with an id if it is not empty.
func fitting(keys []key, id, alg string) (found []crypto.PublicKey) {
	for _, k := range keys {
		if k.alg == alg && (id == "" || k.id == id) && len(found) < maxCandidates {
			found = append(found, k.public)
		}
	}
	return found
}

// parseKeys reads a JSON Web Key Set. Keys that are not for us, or not understood, are left out (RFC 7517, 5); an
// issuer may also publish none.
func parseKeys(text []byte) ([]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("this is no key set: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New(`this is no key set: it has no "keys"`)
	}
	var keys []key
	for _, raw := range set.Keys {
		var j jwk
		if json.Unmarshal(raw, &j) != nil || !j.verifies() {
			continue
		}
		if public, alg := j.public(); public != nil && (j.Alg == "" || j.Alg == alg) {
			keys = append(keys, key{j.ID, alg, public})
		}
	}
	return keys, nil
}

// jwk is a JSON Web Key, as far as public keys of signatures need it (RFC 7517, 4; RFC 7518, 6; RFC 8037, 2).
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Alg        string   `json:"alg"`
	Curve      string   `json:"crv"`
	N          string   `json:"n"`
	E          string   `json:"e"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
}

// verifies tells whether a key is meant for signatures.
func (j jwk) verifies() bool {
	return (j.Use == "" || j.Use == "sig") && (j.Operations == nil || slices.Contains(j.Operations, "verify"))
}

// public is the key and the only algorithm that it is used for; nil if it is of a kind that is not accepted. The kind
// decides, never the token: a key cannot be taken for a secret, or for one of another algorithm.
func (j jwk) public() (crypto.PublicKey, string) {
	switch {
	case j.Type == "RSA":
		return j.rsa(), algRSA
	case j.Type == "EC" && j.Curve == "P-256":
		return j.ec(), algEC
	case j.Type == "OKP" && j.Curve == "Ed25519":
		if x := decode(j.X); len(x) == ed25519.PublicKeySize {
			return ed25519.PublicKey(x), algEd
		}
	}
	return nil, ""
}

func (j jwk) rsa() crypto.PublicKey {
	n, e := new(big.Int).SetBytes(decode(j.N)), new(big.Int).SetBytes(decode(j.E))
	if n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0 {
		return nil
	}
	if !e.IsInt64() || e.Int64() < 3 || e.Int64() > math.MaxInt32 || e.Bit(0) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

// ec is a point of P-256, checked to be on the curve.
func (j jwk) ec() crypto.PublicKey {
	x, y := decode(j.X), decode(j.Y)
	if len(x) != 32 || len(y) != 32 {
		return nil
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil
	}
	return public
}

// decode reads base64url, with padding or without; nil if it is something else.
func decode(text string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil
	}
	return raw
}
