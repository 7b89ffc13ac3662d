package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	out, err := exec.CommandContext(t.Context(), node, "--test", "test/", "client/test/").CombinedOutput()
	if err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}

func TestHandler(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	server := httptest.NewServer(Handler("try", "jwt", api))
	defer server.Close()
	tests := []struct{ path, kind, has string }{
		{"/", "text/html; charset=utf-8", `data-stage="try"`},
		{"/", "text/html; charset=utf-8", `data-auth="jwt"`},
		{"/chat.js", "text/javascript; charset=utf-8", "import"},
		{"/client/wsecho.js", "text/javascript; charset=utf-8", "export class WsEcho"},
		{"/chat.css", "text/css; charset=utf-8", "prefers-color-scheme"},
		{"/icon.svg", "image/svg+xml", "<svg"},
		{"/protocol", "text/html; charset=utf-8", `<section id="broadcast"`},
		{"/protocol.css", "text/css; charset=utf-8", "prefers-color-scheme"},
		{"/examples.js", "text/javascript; charset=utf-8", `"name":"broadcast"`},
	}
	for _, test := range tests {
		status, header, body := get(t, server.URL+test.path)
		if status != http.StatusOK || header.Get("Content-Type") != test.kind || !strings.Contains(body, test.has) {
			t.Errorf("GET %s = %d, %s, %.200q", test.path, status, header.Get("Content-Type"), body)
		}
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") ||
			!strings.HasSuffix(policy, "; connect-src 'self'") {
			t.Errorf("GET %s has the policy %q", test.path, policy)
		}
	}
	for _, path := range []string{"/try", "/index.html", "/web.go", "/protocol/page.html", "/protocol/asyncapi.yaml", "/client/test/service.js", "/client/package.json", "/client", "/nothing"} {
		if status, _, _ := get(t, server.URL+path); status != http.StatusForbidden {
			t.Errorf("GET %s = %d, want what the API answers", path, status)
		}
	}
}

// TestElsewhere asks for the page as browsers do, who say where a request comes from.
func TestElsewhere(t *testing.T) {
	server := httptest.NewServer(Handler("dev", "open", http.NotFoundHandler()))
	defer server.Close()
	tests := []struct{ name, site, url, reach string }{
		{"after a yes", "same-origin", "ws://other.example:9000/dev", "ws://other.example:9000"},
		{"with TLS", "same-origin", "wss://other.example/dev?x=1", "wss://other.example"},
		{"a link of another page", "cross-site", "ws://other.example/", ""},
		{"a page at another port", "same-site", "ws://other.example/", ""},
		{"a typed address", "none", "ws://other.example/", ""},
		{"a browser or program that does not say", "", "ws://other.example/", ""},
		{"no other server", "same-origin", "", ""},
		{"no WebSocket", "same-origin", "https://other.example/", ""},
		{"more policy", "same-origin", "ws://other.example;script-src", ""},
		{"everything", "same-origin", "ws://*/", ""},
		{"two", "same-origin", "ws://a ws:/", ""},
		{"markup", "same-origin", `ws://a"><script>`, ""},
		{"an address that a policy cannot name", "same-origin", "ws://[::1]:80/", ""},
		{"an address with a name in it", "same-origin", "ws://127.0.0.1:8080@other.example/", "ws://other.example"},
	}
	for _, test := range tests {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/?url="+url.QueryEscape(test.url), nil)
		request.Header.Set("Sec-Fetch-Site", test.site)
		header, body := do(t, request)
		policy, want := header.Get("Content-Security-Policy"), strings.TrimSpace("connect-src 'self' "+test.reach)
		if !strings.HasSuffix(policy, "; "+want) || !strings.Contains(body, `data-reach="`+test.reach+`"`) {
			t.Errorf("%s: the policy %q and the page %.100q, want %q", test.name, policy, body, want)
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
	for name := range pages("dev", "open") {
		script, _ := files.ReadFile(strings.TrimPrefix(name, "/"))
		for _, way := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"} {
			if strings.Contains(string(script), way) {
				t.Errorf("%s has %s", name, way)
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
	return response.StatusCode, response.Header, read(t, response)
}

func do(t *testing.T, request *http.Request) (header http.Header, body string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response.Header, read(t, response)
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
