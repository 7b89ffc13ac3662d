// Package web is a page that shows what the API can do, and the protocol's document beside it. Its folder client is the
// JavaScript client that the page uses, and that teams install.
package web

import (
	"bytes"
	"embed"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"wsecho/functions/local/web/protocol"
)

//go:embed index.html icon.svg *.css *.js client/*.js
var files embed.FS

// policy lets the page run its own files and connect to its own host, and nothing else: text of other people could
// not become a script even if the page made markup of it, which trusted types forbid too.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; connect-src 'self'"

// Handler serves the page at / and its files beside it, and leads everything else to api, as it does with WebSockets at
// any path. The page connects to the stage of its own host, and is told how that lets people in, "open" or "jwt": a browser
// tells no page why a connection was refused. Where the page's address names another server, /?url=wss://…, it asks the
// person first.
func Handler(stage, auth string, api http.Handler) http.Handler {
	pages := pages(stage, auth)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		socket := strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
		if !ok || socket || r.Method != http.MethodGet && r.Method != http.MethodHead {
			api.ServeHTTP(w, r)
			return
		}
		page(w, r)
	})
}

// pages are the embedded files by path, and what is made of asyncapi.yaml.
func pages(stage, auth string) map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{
		"/protocol":    file("protocol.html", protocol.Page()),
		"/examples.js": file("examples.js", protocol.Examples()),
	}
	// They have been embedded, so nothing of this fails.
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, _ error) error {
		content, _ := files.ReadFile(name)
		switch {
		case name == "index.html":
			all["/"] = index(set(set(content, "stage", stage), "auth", auth))
		case !entry.IsDir():
			all["/"+name] = file(name, content)
		}
		return nil
	})
	return all
}

// index serves the page, which learns from its attributes which other server it may reach, too.
func index(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		other := elsewhere(r)
		w.Header().Set("Vary", "Sec-Fetch-Site")
		serve(w, r, "index.html", set(content, "reach", other), strings.TrimSpace(policy+" "+other))
	}
}

// set gives one of the page's data attributes, which are empty, a value.
func set(content []byte, attribute, value string) []byte {
	return bytes.Replace(content, []byte(`data-`+attribute+`=""`), []byte(`data-`+attribute+`="`+html.EscapeString(value)+`"`), 1)
}

// host is what the policy can name: https://www.w3.org/TR/CSP3/#grammardef-host-part has no addresses in brackets.
var host = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?$`)

// elsewhere returns scheme and host of the server that /?url= names, if the page may reach it, else "". It may when the
// browser says that this very page led to it, which it does after a yes: a link of any other page, a redirect and a
// typed address are told apart by a header that no page can set (https://www.w3.org/TR/fetch-metadata/).
func elsewhere(r *http.Request) string {
	if r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return ""
	}
	other, err := url.Parse(r.URL.Query().Get("url"))
	if err != nil || other.Scheme != "ws" && other.Scheme != "wss" || !host.MatchString(other.Host) {
		return ""
	}
	return other.Scheme + "://" + other.Host
}

// file serves a content.
func file(name string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { serve(w, r, name, content, policy) }
}

// serve answers with headers that keep browsers from doing more with a content than they should.
func serve(w http.ResponseWriter, r *http.Request, name string, content []byte, policy string) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
