package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
)

// What the tokens of `make token` say of themselves.
const (
	issuerName = "https://issuer.localhost"
	audience   = "wsecho"
)

// issuer gives out tokens of a development key and publishes its key set on this machine.
type issuer struct {
	root, dir string
	server    *httptest.Server
}

func newIssuer(root, work string) (*issuer, error) {
	dir := filepath.Join(work, "issuer")
	i := &issuer{root: root, dir: dir, server: httptest.NewServer(http.FileServer(http.Dir(dir)))}
	_, err := i.token(context.Background(), io.Discard, "ada", "1m")
	return i, err
}

func (i *issuer) close() { i.server.Close() }

// keySet is the URL of the key set.
func (i *issuer) keySet() string { return i.server.URL + "/jwks.json" }

var aToken = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)

// token returns a token for a user, as `make token` makes it.
func (i *issuer) token(ctx context.Context, log io.Writer, user, life string) (string, error) {
	c := command(ctx, log, "go", "run", "./functions/local/token", "-dir", i.dir, "-user", user, "-life", life)
	c.Dir, c.Stdout = i.root, nil

	text, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	token := aToken.FindString(string(text))
	if token == "" {
		return "", fmt.Errorf("there is no token in %q", text)
	}
	return token, nil
}
