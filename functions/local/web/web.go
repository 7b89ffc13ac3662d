// Package web is a page that shows what the API can do, and the client module for browsers that it uses: wsecho*.js,
// which teams can copy.
package web

import (
	"bytes"
	"embed"
	"html"
	"net/http"
	"time"
)

//go:embed index.html chat.css chat*.js wsecho*.js icon.svg
var files embed.FS

// policy lets the page run its own files and connect to any WebSocket, and nothing else: text of other people could
// not become a script even if the page made markup of it, which trusted types forbid too.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src ws: wss:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Handler serves the page at / and its files beside it, and leads everything else to api. The page connects to the
// stage of its own host, unless its address says otherwise: /?url=wss://….
func Handler(stage string, api http.Handler) http.Handler {
	pages := pages(stage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			api.ServeHTTP(w, r)
			return
		}
		page(w, r)
	})
}

// pages are the embedded files by path.
func pages(stage string) map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{}
	entries, _ := files.ReadDir(".") // It has been embedded, so it is there.
	for _, entry := range entries {
		name := entry.Name()
		content, _ := files.ReadFile(name)
		if name == "index.html" {
			content = bytes.Replace(content, []byte(`data-stage=""`), []byte(`data-stage="`+html.EscapeString(stage)+`"`), 1)
			all["/"] = file(name, content)
			continue
		}
		all["/"+name] = file(name, content)
	}
	return all
}

// file serves a content, with headers that keep browsers from doing more with it than they should.
func file(name string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}
