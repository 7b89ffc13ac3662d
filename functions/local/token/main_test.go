package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/jwt"
	"wsecho/domain"
)

// TestToken makes a token, and accepts it with the settings that are printed.
func TestToken(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "token")
	var out, again bytes.Buffer
	if err := run([]string{"-dir", dir, "-user", "bob", "-life", "1h"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	settings := regexp.MustCompile(`-jwks (\S+) -issuer (\S+) -audience ([^\s"]+)`).FindStringSubmatch(out.String())
	if settings == nil {
		t.Fatalf("no command to run the program:\n%s", &out)
	}
	authenticator, err := jwt.New(jwt.Config{
		Issuer: settings[2], Audience: settings[3], Keys: jwt.File(settings[1]), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-dir", dir, "-scope", "wsecho:tell"}, &again, &again); err != nil {
		t.Fatal(err)
	}
	for user, text := range map[string]string{"bob": out.String(), "ada": again.String()} {
		who, err := authenticator.Authenticate(t.Context(), domain.Credentials{Token: printed(t, text)})
		if err != nil || who.User != user || time.Until(who.ExpiresAt) < 59*time.Minute || !who.Grants.Cover("tell") {
			t.Errorf("%+v, %v, want %s", who, err, user)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
}

// printed is the token in the output.
func printed(t *testing.T, out string) string {
	t.Helper()
	for line := range strings.Lines(out) {
		if token, ok := strings.CutPrefix(strings.TrimSpace(line), "TOKEN="); ok {
			return token
		}
	}
	t.Fatalf("no token in:\n%s", out)
	return ""
}

func TestTokenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"-dir", dir}, &out, &out); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("with a file that is no key: %v", err)
	}
	if err := run([]string{"-dir", dir, "-user", "anon-x"}, &out, &out); err == nil || !strings.Contains(err.Error(), "user name") {
		t.Errorf("with a name that nobody may have: %v", err)
	}
}
