package jwt_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wsecho/adapters/jwt"
	"wsecho/adapters/jwt/jwttest"
)

// serve answers every path of a server on this machine.
func serve(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func read(t *testing.T, address string) (string, error) {
	t.Helper()
	source, err := jwt.URL(address)
	if err != nil {
		t.Fatal(err)
	}
	text, err := source(t.Context())
	return string(text), err
}

func TestURL(t *testing.T) {
	full := strings.Repeat("x", jwt.MaxKeySet)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			w.Write([]byte(`{"keys":[]}`))
		case "/full":
			w.Write([]byte(full))
		case "/huge":
			w.Write([]byte(full + "x"))
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "/good", http.StatusMovedPermanently)
		case "/away":
			http.Redirect(w, r, "http://issuer.example/keys", http.StatusFound)
		case "/broken":
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("x"))
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	for path, want := range map[string]string{"/good": `{"keys":[]}`, "/moved": `{"keys":[]}`, "/full": full} {
		if got, err := read(t, address+path); err != nil || got != want {
			t.Errorf("%s: %.50q, %v", path, got, err)
		}
	}
	for path, want := range map[string]string{
		"/huge": "262144 bytes", "/round": "too many redirects", "/away": "away from https", "/broken": "EOF", "/busy": "the answer is 503",
	} {
		_, err := read(t, address+path+"?secret=1")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want an error with %q", path, err, want)
		}
	}
}

// TestURLIsNotInErrors, since its query may have a secret.
func TestURLIsNotInErrors(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, err := read(t, server.URL+"/keys?secret=1"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a server that is down: %v", err)
	}
}

// TestURLStops when its context ends, whatever the server does.
func TestURLStops(t *testing.T) {
	asked := make(chan struct{})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		close(asked)
		<-r.Context().Done()
	})
	source, err := jwt.URL(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-asked; stop() }()
	if _, err := source(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a server that never ends: %v", err)
	}
}

// TestNeverFromHTTPSToHTTP: not even to this machine, whose services might trust its own requests.
func TestNeverFromHTTPSToHTTP(t *testing.T) {
	for _, test := range []struct {
		from, to string
		follows  bool
	}{
		{"https://issuer.example/keys", "https://cdn.example/keys", true},
		{"https://issuer.example/keys", "http://issuer.example/keys", false},
		{"https://issuer.example/keys", "http://127.0.0.1/keys", false},
		{"http://127.0.0.1/keys", "http://localhost/keys", true},
		{"http://127.0.0.1/keys", "https://issuer.example/keys", true},
		{"http://127.0.0.1/keys", "http://10.0.0.1/keys", false},
		{"http://127.0.0.1/keys", "file:///etc/passwd", false},
	} {
		from, _ := http.NewRequest(http.MethodGet, test.from, nil)
		to, _ := http.NewRequest(http.MethodGet, test.to, nil)
		if err := jwt.CheckRedirect(to, []*http.Request{from}); (err == nil) != test.follows {
			t.Errorf("from %s to %s: %v", test.from, test.to, err)
		}
	}
}

func TestURLRefusesAddresses(t *testing.T) {
	for _, address := range []string{
		"", "issuer.example/keys", "//issuer.example/keys", "http://issuer.example/keys", "http://127.0.0.1.example/keys",
		"http://localhost.example/keys", "http://10.0.0.1/keys", "ftp://issuer.example/keys", "https:///keys", "file:///keys",
		"https://user:password@issuer.example/keys", "http://[::ffff:10.0.0.1]/keys", "https://issuer example/",
	} {
		if _, err := jwt.URL(address); err == nil || strings.Contains(err.Error(), "password@") {
			t.Errorf("URL(%q): %v, want an error", address, err)
		}
	}
	for _, address := range []string{"https://issuer.example/keys", "http://127.0.0.1:8000/keys", "http://[::1]/keys", "http://localhost/keys"} {
		if _, err := jwt.URL(address); err != nil {
			t.Errorf("URL(%q): %v", address, err)
		}
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	if _, err := jwt.File(path)(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, jwttest.Set(edKey), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := jwt.File(path)(t.Context()); err != nil || string(text) != string(jwttest.Set(edKey)) {
		t.Errorf("File: %s, %v", text, err)
	}
}
