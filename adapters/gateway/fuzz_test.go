package gateway

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzUpgrade sends anything as the header of an upgrade request, as Go's server hands it on. What is accepted is a
// WebSocket handshake, events show the headers as they were sent, and the answer has nothing that does not belong there.
func FuzzUpgrade(f *testing.F) {
	const host, upgrade = "Host: h", "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	for _, header := range []string{
		host + upgrade + "\r\nSec-WebSocket-Protocol: wsecho.v1, bearer.a.b.c\r\nsec-websocket-protocol: x\r\nOrigin: https://app.example",
		"hOST: [::1]:8080" + upgrade + "\r\nX-Forwarded-For: 1.2.3.4\r\nx-forwarded-FOR: 5\r\nContent-length: 0\r\nX-Amzn-Trace-Id: r\r\nUser-Agent: a\tb",
		host + upgrade + "\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10; client_max_window_bits, x;=\";,",
		host + upgrade + "\r\nCookie: \xff\xfe\u2028\r\nX-A:\r\n\tfolded: 1\r\nX-A: \r\nx-a: 2\nX-B: 3",
		host + "\r\nConnection: upgrade\r\nConnection: close\r\nUpgrade: h2c,websocket\r\nSec-WebSocket-Version: 013\r\nSec-WebSocket-Key: x",
		host + upgrade + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", host + strings.Replace(upgrade, "13", "8", 1),
		host + "\r\nHost: other" + upgrade, "", ":", "\r\n",
	} {
		f.Add(header, "?token=a&token=%zz;b&=")
	}
	g, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, query string) {
		raw := "GET /dev" + query + " HTTP/1.1\r\n" + header + "\r\n\r\n"
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil || !visible(r.Header) {
			return
		}
		recorded := &recordedConn{bytes: []byte(raw)}
		recorded.done.Store(true)
		r = r.WithContext(ConnContext(t.Context(), recorded))
		r.RemoteAddr = "203.0.113.7:1234"
		if no := g.checkHandshake(r); no != nil {
			if no.status < 400 || no.status > 499 || no.why == "" {
				t.Errorf("refused with %+v", no)
			}
			return
		}
		wantHandshake(t, r.Header)
		u := g.newUpgrade(r)
		wantEvents(t, u)
		offered, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ",")
		u.protocol = strings.TrimSpace(offered)
		wantAnswer(t, u)
	})
}

// visible tells whether Go's server takes the values of a header: others have control characters.
func visible(h http.Header) bool {
	for _, values := range h {
		for _, value := range values {
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return false
			}
		}
	}
	return true
}

// wantHandshake wants a header to be that of a WebSocket handshake (RFC 6455, section 4.2.1).
func wantHandshake(t *testing.T, h http.Header) {
	t.Helper()
	lists := func(name, want string) bool {
		all := strings.Split(strings.ToLower(strings.Join(h.Values(name), ",")), ",")
		return slices.ContainsFunc(all, func(one string) bool { return strings.TrimSpace(one) == want })
	}
	keys := h.Values("Sec-WebSocket-Key")
	key, err := base64.StdEncoding.DecodeString(strings.Join(keys, ""))
	if !lists("Connection", "upgrade") || !lists("Upgrade", "websocket") || h.Get("Sec-WebSocket-Version") != "13" || err != nil || len(key) != 16 {
		t.Errorf("accepted %q", h)
	}
}

// wantEvents wants the authorizer and $connect to see the headers as they were sent.
func wantEvents(t *testing.T, u *upgrade) {
	t.Helper()
	var connect proxyEvent
	var authorizer authorizerEvent
	if err := json.Unmarshal(u.connectEvent(u.ctx), &connect); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(u.authorizerEvent(), &authorizer); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name := range authorizer.MultiValueHeaders {
		if lower := strings.ToLower(name); names[lower] {
			t.Errorf("%q is there in two spellings", name)
		} else {
			names[lower] = true
		}
	}
	for canonical, sent := range u.r.Header {
		if slices.Contains([]string{"Content-Length", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"}, canonical) {
			continue // These are the service's.
		}
		name := cased(canonical, sentNames(u.r.Context()))
		if !strings.EqualFold(name, canonical) {
			t.Errorf("%q is shown as %q", canonical, name)
		}
		seen := authorizer.MultiValueHeaders[name]
		if !slices.EqualFunc(seen, sent, func(a, b string) bool { return a == inJSON(b) }) || authorizer.Headers[name] != seen[len(seen)-1] {
			t.Errorf("the authorizer sees %q of %q", seen, sent)
		}
		_, passed := connect.MultiValueHeaders[name]
		hopByHop := canonical == "Connection" || canonical == "Upgrade"
		if hopByHop && passed {
			t.Errorf("$connect sees %s", canonical)
		}
		if !hopByHop && !passed {
			t.Errorf("$connect does not see %s", canonical)
		}
	}
	if authorizer.Headers["Host"] != inJSON(u.r.Host) || len(authorizer.MultiValueHeaders["Host"]) != 1 || authorizer.RequestContext.Identity.SourceIP != "203.0.113.7" {
		t.Errorf("the authorizer sees the host %q of %q", authorizer.MultiValueHeaders["Host"], u.r.Host)
	}
}

// inJSON is a text as JSON can have it.
func inJSON(s string) string { return string([]rune(s)) }

// wantAnswer wants the 101 to have the subprotocol that was chosen and nothing that the client made up.
func wantAnswer(t *testing.T, u *upgrade) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(u.response())), u.r)
	if err != nil {
		t.Fatalf("%q: %v", u.response(), err)
	}
	want := map[string]string{
		"Date": answer.Header.Get("Date"), "Connection": "upgrade", "Upgrade": "websocket",
		"Sec-Websocket-Accept": acceptKey(u.r.Header.Get("Sec-WebSocket-Key")),
	}
	if u.protocol != "" {
		want["Sec-Websocket-Protocol"] = u.protocol
	}
	if u.deflate != "" {
		want["Sec-Websocket-Extensions"] = u.deflate
	}
	for name, values := range answer.Header {
		if len(values) != 1 || values[0] != want[name] {
			t.Errorf("the answer has %s: %q, want %q", name, values, want[name])
		}
	}
	if len(answer.Header) != len(want) || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("answered %d with %q", answer.StatusCode, answer.Header)
	}
}
