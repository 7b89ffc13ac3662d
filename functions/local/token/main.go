// Command token makes what the local program needs to run with real authentication: a development key, the key set
// that publishes it, and a token. It prints the token and the commands that use it.
//
// Whoever can read the key can be anybody, so it is for this machine alone.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"wsecho/domain"
)

// What the tokens say of themselves.
const (
	issuer   = "https://issuer.localhost"
	audience = "wsecho"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "token:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", ".tools/token", "`folder` of the key, which is made if it has none")
	user := flags.String("user", "ada", "`name` of the user")
	scope := flags.String("scope", "wsecho:broadcast wsecho:tell wsecho:room:*", "`grants` of the token, separated by spaces")
	life := flags.Duration("life", 8*time.Hour, "`time` until the token expires")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !domain.ValidUser(*user) {
		return fmt.Errorf("%q cannot be a user name", *user)
	}
	key, err := loadKey(*dir)
	if err != nil {
		return err
	}
	keySet := filepath.Join(*dir, "jwks.json")
	if err := publish(key, keySet); err != nil {
		return err
	}
	token, err := sign(key, *user, *scope, *life)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, instructions, *user, life, token, keySet, issuer, audience)
	return err
}

const instructions = `A token for %[1]s, valid for %[2]s:

  TOKEN=%[3]s

Run the API so that it asks for such tokens:

  make run ARGS="-auth jwt -jwks %[4]s -issuer %[5]s -audience %[6]s"

Connect, as a program does or the way a browser does:

  wscat -c ws://127.0.0.1:8080/dev -H "Authorization: Bearer $TOKEN"
  wscat -c ws://127.0.0.1:8080/dev -s wsecho.v1 -s bearer.$TOKEN
`

// loadKey reads the folder's key, or makes one.
func loadKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, "key.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(dir, path)
	}
	if err != nil {
		return nil, err
	}
	parsed, err := jwt.ParseEdPrivateKeyFromPEM(text)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s has no Ed25519 key; delete it to get a new one", path)
	}
	return key, nil
}

func makeKey(dir, path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// publish writes the key set (RFC 7517; RFC 8037, 2).
func publish(key ed25519.PrivateKey, path string) error {
	set, err := json.MarshalIndent(map[string]any{"keys": []any{map[string]string{
		"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": keyID(key),
		"x": base64.RawURLEncoding.EncodeToString(publicKey(key)),
	}}}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(set, '\n'), 0o644)
}

func sign(key ed25519.PrivateKey, user, scope string, life time.Duration) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": user, "scope": scope,
		"iat": now.Unix(), "exp": now.Add(life).Unix(),
	})
	token.Header["kid"] = keyID(key)
	return token.SignedString(key)
}

// keyID is derived from the key, so that another key has another id.
func keyID(key ed25519.PrivateKey) string {
	sum := sha256.Sum256(publicKey(key))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func publicKey(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }
