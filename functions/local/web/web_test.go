package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestClient runs the tests of the client module, which are Node's.
func TestClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("node is missing: the browser's client cannot be tested")
		}
		t.Skip("NOT TESTED: the browser's client, for want of node (20 or later)")
	}
	out, err := exec.CommandContext(t.Context(), node, "--test", "test/").CombinedOutput()
	if err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}

func TestHandler(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	server := httptest.NewServer(Handler("try", api))
	defer server.Close()
	tests := []struct{ path, kind, has string }{
		{"/", "text/html; charset=utf-8", `data-stage="try"`},
		{"/chat.js", "text/javascript; charset=utf-8", "import"},
		{"/wsecho.js", "text/javascript; charset=utf-8", "export class WsEcho"},
		{"/chat.css", "text/css; charset=utf-8", "prefers-color-scheme"},
		{"/icon.svg", "image/svg+xml", "<svg"},
	}
	for _, test := range tests {
		status, header, body := get(t, server.URL+test.path)
		if status != http.StatusOK || header.Get("Content-Type") != test.kind || !strings.Contains(body, test.has) {
			t.Errorf("GET %s = %d, %s, %.200q", test.path, status, header.Get("Content-Type"), body)
		}
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("GET %s has the policy %q", test.path, policy)
		}
	}
	for _, path := range []string{"/try", "/index.html", "/web.go", "/test/service.js", "/nothing"} {
		if status, _, _ := get(t, server.URL+path); status != http.StatusForbidden {
			t.Errorf("GET %s = %d, want what the API answers", path, status)
		}
	}
}

// TestNoMarkup holds the page to what its policy allows: nothing inline, and no way from text to markup.
func TestNoMarkup(t *testing.T) {
	page, _ := files.ReadFile("index.html")
	for _, inline := range []string{"<style", " style=", " onclick=", "javascript:", "<script>"} {
		if strings.Contains(string(page), inline) {
			t.Errorf("index.html has %s", inline)
		}
	}
	entries, _ := files.ReadDir(".")
	for _, entry := range entries {
		script, _ := files.ReadFile(entry.Name())
		for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"} {
			if strings.Contains(string(script), way) {
				t.Errorf("%s has %s", entry.Name(), way)
			}
		}
	}
}

func get(t *testing.T, url string) (status int, header http.Header, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}
