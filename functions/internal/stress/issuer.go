package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What the tokens say of themselves.
const (
	issuerName = "https://issuer.localhost"
	audience   = "wsecho"
	keyID      = "stress"
)

// issuer makes tokens; its key set is a file.
type issuer struct {
	key    ed25519.PrivateKey
	keySet string
}

func newIssuer(folder string, seed uint64) (*issuer, error) {
	bytes := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(bytes, seed)
	i := &issuer{ed25519.NewKeyFromSeed(bytes), filepath.Join(folder, "jwks.json")}
	set, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": keyID,
		"x": base64.RawURLEncoding.EncodeToString(i.key.Public().(ed25519.PublicKey)),
	}}})
	if err != nil {
		return nil, err
	}
	return i, os.WriteFile(i.keySet, set, 0o600)
}

// inAWhile is a time after every run.
func inAWhile() time.Time { return time.Now().Add(12 * time.Hour) }

// token is one of a user who may do everything until a time, of which the seconds count.
func (i *issuer) token(user string, ends time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": issuerName, "aud": audience, "sub": user, "scope": "wsecho:broadcast wsecho:tell wsecho:room:*",
		"iat": time.Now().Unix(), "exp": ends.Unix(),
	})
	t.Header["kid"] = keyID
	return t.SignedString(i.key)
}

// flags are those by which the program asks for the tokens.
func (i *issuer) flags() []string {
	return []string{"-auth", "jwt", "-jwks", i.keySet, "-issuer", issuerName, "-audience", audience}
}
