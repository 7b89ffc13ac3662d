package main

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/jwt/jwttest"
)

// raw sends a request as it is written and returns the answer's status, header and text.
func raw(t *testing.T, addr, request string) (int, http.Header, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	response := gatewaytest.Exchange(t, conn, strings.ReplaceAll(request, "\n", "\r\n")).Response
	conn.SetDeadline(time.Now().Add(gatewaytest.Timeout))
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response.StatusCode, response.Header, ""
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

// lines is a request of a first line and headers.
func lines(all ...string) string { return strings.Join(all, "\n") + "\n\n" }

// upgradeLines ask for a WebSocket, with more headers.
func upgradeLines(host string, more ...string) string {
	return lines(append([]string{
		"GET /dev HTTP/1.1", "Host: " + host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	}, more...)...)
}

// postLines post a body of JSON, with more headers.
func postLines(path, host, body string, more ...string) string {
	return lines(append([]string{
		"POST " + path + " HTTP/1.1", "Host: " + host, "Content-Length: " + itoa(len(body)),
	}, more...)...) + body
}

const (
	asJSON = "Content-Type: application/json"
	asText = "Content-Type: text/plain;charset=UTF-8"
	asForm = "Content-Type: application/x-www-form-urlencoded"
	hello  = `{"v":1,"audience":"everyone","message":"hello"}`
)

// far makes connections look as if they came from another machine, to a program that listens to all of them.
type far struct{ net.Listener }

func (l far) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv6zero, Port: 8080} }

func (l far) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return farConn{conn}, err
}

type farConn struct{ net.Conn }

func (c farConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4711} }

// near is a listener to all machines, asked from this one.
type near struct{ net.Listener }

func (l near) Addr() net.Addr { return far(l).Addr() }

// startBeyond runs the server as if it listened beyond this machine, and returns the address at which it does not.
func startBeyond(t *testing.T, wrap func(net.Listener) net.Listener, log io.Writer, flags ...string) (*server, string) {
	t.Helper()
	o, err := parse(append([]string{"-messages-per-minute", "0"}, flags...), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := startOn(t.Context(), wrap(listener), o, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s, listener.Addr().String()
}

func nearly(l net.Listener) net.Listener  { return near{l} }
func farAway(l net.Listener) net.Listener { return far{l} }

// TestHosts: names that are not the program's own are refused, whatever is asked for: by DNS rebinding a page of
// anybody's has the program for its own server.
func TestHosts(t *testing.T) {
	local := startServer(t)
	_, port, _ := net.SplitHostPort(hostOf(local))
	_, beyond := startBeyond(t, nearly, t.Output(), "-hosts", "wsecho, DevBox.lan.")
	for _, test := range []struct {
		host          string
		local, beyond bool
	}{
		{"127.0.0.1:" + port, true, true},
		{"127.0.0.1:9000", true, true}, // As through docker run -p 9000:8080.
		{"127.0.0.1", true, true},
		{"127.3.2.1:8080", true, true},
		{"localhost:" + port, true, true},
		{"LOCALHOST", true, true},
		{"localhost.:8080", true, true},
		{"chat.localhost:8080", true, true},
		{"[::1]:8080", true, true},
		{"[::1]", true, true},
		{"[0:0:0:0:0:0:0:1]:80", true, true},
		{"[::ffff:127.0.0.1]:8080", true, true},
		{"192.168.1.5:8080", false, true},
		{"0.0.0.0:8080", false, true},
		{"[2001:db8::7]:8080", false, true},
		{"wsecho:8080", false, true}, // A service of docker compose.
		{"WSECHO", false, true},
		{"devbox.lan:8080", false, true},
		{"rebind.test", false, false},
		{"rebind.test:" + port, false, false},
		{"localhost.rebind.test", false, false},
		{"rebindlocalhost", false, false},
		{"127.0.0.1.rebind.test:8080", false, false},
		{"[::1]rebind.test", false, false},
		{"2130706433:8080", false, false},
		{"127.1:8080", false, false},
		{"wsecho.rebind.test", false, false},
		{".localhost", false, false},
		{"", false, false},
	} {
		for addr, served := range map[string]bool{hostOf(local): test.local, beyond: test.beyond} {
			for kind, request := range map[string]string{
				"the page":          lines("GET / HTTP/1.1", "Host: "+test.host, "Connection: close"),
				"a file":            lines("GET /chat.js HTTP/1.1", "Host: "+test.host, "Connection: close"),
				"an upgrade":        upgradeLines(test.host),
				"the page's socket": upgradeLines(test.host, "Origin: http://"+test.host),
				"a push":            postLines("/push", test.host, hello, asJSON),
				"a post":            postLines("/dev/@connections/L0SM9cOFvHcCIhw=", test.host, "x"),
			} {
				status, _, text := raw(t, addr, request)
				refused := status == http.StatusMisdirectedRequest
				switch {
				case served && refused:
					t.Errorf("%s of the host %q at %s is refused", kind, test.host, addr)
				case !served && !refused:
					t.Errorf("%s of the host %q at %s is answered with %d %s", kind, test.host, addr, status, text)
				case refused && !strings.Contains(text, "-hosts"):
					t.Errorf("the answer does not say which flag helps: %s", text)
				}
			}
		}
	}
}

// TestOddHosts are requests whose host is given in a way that programs disagree about.
func TestOddHosts(t *testing.T) {
	s := startServer(t)
	for name, test := range map[string]struct {
		request string
		status  int
	}{
		"no host at all":                      {lines("GET / HTTP/1.0"), 421},
		"HTTP/1.0 with one":                   {lines("GET / HTTP/1.0", "Host: localhost"), 200},
		"none where there must be one":        {lines("GET / HTTP/1.1"), 400},
		"two hosts":                           {lines("GET / HTTP/1.1", "Host: localhost", "Host: rebind.test"), 400},
		"the target has another one":          {lines("GET http://rebind.test/ HTTP/1.1", "Host: localhost"), 421},
		"only the target has a good one":      {lines("GET http://localhost/ HTTP/1.1", "Host: rebind.test", "Connection: close"), 200}, // RFC 9112, 3.2.2.
		"the target's counts for the origin":  {strings.Replace(upgradeLines("localhost", "Origin: http://rebind.test"), "/dev", "http://rebind.test/dev", 1), 421},
		"the header's does not for an origin": {strings.Replace(upgradeLines("rebind.test", "Origin: http://rebind.test"), "/dev", "http://localhost/dev", 1), 403},
		"a user before the host":              {lines("GET / HTTP/1.1", "Host: localhost@rebind.test"), 400},
		"CONNECT":                             {lines("CONNECT localhost:80 HTTP/1.1", "Host: localhost", "Connection: close"), 404},
		"the server itself":                   {lines("OPTIONS * HTTP/1.1", "Host: rebind.test", "Connection: close"), 421},
	} {
		if status, _, text := raw(t, hostOf(s), test.request); status != test.status {
			t.Errorf("%s: %d %s, want %d", name, status, text, test.status)
		}
	}
}

// TestForeignPagesStayOut of a program that lets in everybody else.
func TestForeignPagesStayOut(t *testing.T) {
	s := startServer(t)
	any := startServer(t, "-origins", "*")
	listed := startServer(t, "-origins", "https://app.example")
	flagsOf := map[*server]string{s: "", any: "*", listed: "https://app.example"}
	host := hostOf(s)
	_, port, _ := net.SplitHostPort(host)
	for _, test := range []struct {
		name                string
		host                string
		more                []string
		open, listed, every bool
	}{
		{"a program", host, nil, true, true, true},
		{"the program's own page", host, []string{"Origin: http://" + host}, true, true, true},
		{"its page under another name", "localhost:" + port, []string{"Origin: http://localhost:" + port}, true, true, true},
		{"its page in capitals", "localhost:80", []string{"Origin: HTTP://LOCALHOST"}, true, true, true},
		{"its page behind another port", "127.0.0.1:9000", []string{"Origin: http://127.0.0.1:9000"}, true, true, true},
		{"its page behind TLS", "chat.localhost", []string{"Origin: https://chat.localhost"}, true, true, true},
		{"its page at [::1]", "[::1]:8080", []string{"Origin: http://[::1]:8080"}, true, true, true},
		{"its page, in a browser that says so", host, []string{"Origin: http://" + host, "Sec-Fetch-Site: same-origin"}, true, true, true},
		{"a development server", host, []string{"Origin: http://localhost:3000", "Sec-Fetch-Site: cross-site"}, true, false, true},
		{"another one", host, []string{"Origin: https://app.localhost:5173"}, true, false, true},
		{"a third", host, []string{"Origin: http://[::1]:3000"}, true, false, true},
		{"a listed page", host, []string{"Origin: https://app.example"}, false, true, true},
		{"a foreign page", host, []string{"Origin: https://evil.example"}, false, false, true},
		{"a foreign page, two headers", host, []string{"Origin: http://" + host, "Origin: https://evil.example"}, false, false, true},
		{"a page without an origin", host, []string{"Origin: null"}, false, false, true},
		{"an empty origin", host, []string{"Origin: "}, false, false, true},
		{"a name that begins like one of ours", host, []string{"Origin: http://localhost.evil.example"}, false, false, true},
		{"a name that ends like one of ours", host, []string{"Origin: http://evillocalhost:3000"}, false, false, true},
		{"a user in the origin", host, []string{"Origin: http://localhost@evil.example"}, false, false, true},
		{"ours as the user", host, []string{"Origin: http://" + host + "@evil.example"}, false, false, true},
		{"another scheme", host, []string{"Origin: chrome-extension://localhost"}, false, false, true},
		{"a machine nearby", host, []string{"Origin: http://192.168.1.5:8080"}, false, false, true},
		{"a foreign page, the origin hidden", host, []string{"Sec-Fetch-Site: cross-site"}, false, false, true},
		{"a neighbouring page, the origin hidden", host, []string{"Sec-Fetch-Site: same-site"}, false, false, true},
		{"what a person typed", host, []string{"Sec-Fetch-Site: none"}, true, true, true},
	} {
		for at, admitted := range map[*server]bool{s: test.open, listed: test.listed, any: test.every} {
			status := http.StatusForbidden
			if admitted {
				status = http.StatusSwitchingProtocols
			}
			request := upgradeLines(test.host, test.more...)
			if got, _, _ := raw(t, hostOf(at), strings.ReplaceAll(request, host, hostOf(at))); got != status {
				t.Errorf("%s, with the origins %q: %d, want %d", test.name, flagsOf[at], got, status)
			}
		}
	}
}

// TestOwnPageNeedsNoFlag in mode jwt, but its token; other pages of this machine are strangers there.
func TestOwnPageNeedsNoFlag(t *testing.T) {
	g := startGuarded(t, "-origins", "")
	token := edKey.Sign(jwttest.Claims("ada", nil), nil)
	for origin, want := range map[string]int{
		"http://" + hostOf(g.server): 101, "http://localhost:3000": 403, "https://evil.example": 403, "null": 403,
	} {
		if status, _ := upgrade(t, g.url, "", from(origin, bearer(token))); status != want {
			t.Errorf("a page of %s: %d, want %d", origin, status, want)
		}
	}
	if status, _ := upgrade(t, g.url, "", from("http://"+hostOf(g.server), http.Header{})); status != 401 {
		t.Errorf("the own page without a token: %d", status)
	}
}

// TestPagesCannotPost to the queue or to connections: only programs, and the program's own page.
func TestPagesCannotPost(t *testing.T) {
	s := startServer(t)
	host := hostOf(s)
	c := dial(t, s.url)
	c.Send(`{"action":"echo"}`)
	post := "/dev/@connections/" + c.receive("echo")["connection"].(map[string]any)["connectionId"].(string)
	for _, test := range []struct {
		name    string
		more    []string
		foreign bool
	}{
		{"a program", nil, false},
		{"the own page", []string{"Origin: http://" + host, "Sec-Fetch-Site: same-origin"}, false},
		{"what a person typed", []string{"Sec-Fetch-Site: none"}, false},
		{"a foreign page", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, true},
		{"a foreign page in an old browser", []string{"Origin: https://evil.example"}, true},
		{"a foreign form", []string{"Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, true},
		{"a page of another port", []string{"Origin: http://localhost:3000", "Sec-Fetch-Site: same-site"}, true},
		{"an image", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, true},
		{"an image of a neighbour", []string{"Sec-Fetch-Site: same-site"}, true},
		{"two sites", []string{"Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"}, true},
		{"a site that is no such word", []string{"Sec-Fetch-Site: elsewhere"}, true},
		{"two origins", []string{"Origin: http://" + host, "Origin: https://evil.example"}, true},
	} {
		for request, good := range map[string]int{
			postLines("/push", host, hello, append(test.more, asJSON)...):                                                   202,
			postLines("//push", host, hello, append(test.more, asJSON)...):                                                  307,
			postLines("/p%75sh", host, hello, append(test.more, asJSON)...):                                                 202,
			postLines(post, host, "hello", test.more...):                                                                    200,
			postLines(strings.Replace(post, "@", "%40", 1), host, "hello", test.more...):                                    200,
			strings.Replace(lines(append([]string{"GET / HTTP/1.1", "Host: " + host}, test.more...)...), "/", post, 1):      200,
			lines(append([]string{"DELETE /dev/@connections/L0SM9cOFvHcCIhw= HTTP/1.1", "Host: " + host}, test.more...)...): 410,
			lines(append([]string{"OPTIONS /push HTTP/1.1", "Host: " + host}, test.more...)...):                             403,
		} {
			want := good
			if test.foreign {
				want = http.StatusForbidden
			}
			if status, header, _ := raw(t, host, request); status != want || header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %s is answered with %d, want %d", test.name, request, status, want)
			}
		}
	}
}

// TestPushWantsJSON, which no form and no page can send without asking first; whoever forgot to say it is told how.
func TestPushWantsJSON(t *testing.T) {
	s := startServer(t)
	host := hostOf(s)
	for kind, want := range map[string]int{
		asJSON: 202, "Content-Type: application/json; charset=utf-8": 202, "Content-Type: Application/JSON": 202,
		asText: 415, asForm: 415, "Content-Type: multipart/form-data; boundary=x": 415, "X-None: x": 415,
		"Content-Type: text/plain; application/json": 415, "Content-Type: application/json-patch+json": 415,
		"Content-Type: text/plain\nContent-Type: application/json": 415, "Content-Type: application/json, text/plain": 415,
	} {
		status, _, text := raw(t, host, postLines("/push", host, hello, strings.Split(kind, "\n")...))
		if status != want {
			t.Errorf("%s: %d %s, want %d", kind, status, text, want)
		}
		if status == 415 && !strings.Contains(text, "curl -H 'Content-Type: application/json' -d ") {
			t.Errorf("%s: the answer does not show how: %s", kind, text)
		}
	}
}

// TestOtherMachinesCannotPost unless a flag lets them: they may connect, as everybody may.
func TestOtherMachinesCannotPost(t *testing.T) {
	_, closed := startBeyond(t, farAway, t.Output())
	_, open := startBeyond(t, farAway, t.Output(), "-remote-posts")
	_, here := startBeyond(t, nearly, t.Output())
	const host = "192.168.1.5:8080"
	for request, good := range map[string]int{
		postLines("/push", host, hello, asJSON):                                 202,
		postLines("/dev/@connections/L0SM9cOFvHcCIhw=", host, "x"):              410,
		lines("GET /dev/@connections/L0SM9cOFvHcCIhw= HTTP/1.1", "Host: "+host): 410,
	} {
		for addr, want := range map[string]int{closed: 403, open: good, here: good} {
			status, _, text := raw(t, addr, request)
			if status != want || addr == closed && !strings.Contains(text, "-remote-posts") {
				t.Errorf("%s: %d %s, want %d", request, status, text, want)
			}
		}
	}
	for _, addr := range []string{closed, open, here} {
		if status, _, _ := raw(t, addr, upgradeLines(host, "Origin: http://"+host)); status != 101 {
			t.Errorf("connecting from elsewhere: %d", status)
		}
		if status, _, _ := raw(t, addr, postLines("/push", host, hello, asJSON, "Origin: https://evil.example")); status != 403 {
			t.Errorf("a page's push: %d", status)
		}
	}
}

// TestWarning: who lets in other machines is told so, and nobody else.
func TestWarning(t *testing.T) {
	var beyond, local gatewaytest.Buffer
	startBeyond(t, nearly, &beyond, "-q")
	if !strings.Contains(beyond.String(), "other machines") {
		t.Errorf("the log of a program that listens to everybody: %q", &beyond)
	}
	startBeyond(t, func(l net.Listener) net.Listener { return l }, &local, "-q")
	if local.String() != "" {
		t.Errorf("the log of a program that listens to this machine: %q", &local)
	}
}

// TestSlowPushesEnd: whoever never sends the body that it announced is not waited for.
func TestSlowPushesEnd(t *testing.T) {
	t.Parallel() // It takes as long as a body may take.
	s := startServer(t)
	c := dial(t, s.url)
	started := time.Now()
	waiting := map[string]net.Conn{}
	for path, kind := range map[string]string{"/push": asJSON, "/dev/@connections/L0SM9cOFvHcCIhw=": asText, "/dev": asText, "/elsewhere": asText} {
		conn, err := net.Dial("tcp", hostOf(s))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		request := lines("POST "+path+" HTTP/1.1", "Host: "+hostOf(s), "Content-Length: 10", kind)
		if _, err := io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"{"); err != nil {
			t.Fatal(err)
		}
		waiting[path] = conn
	}
	for path, conn := range waiting {
		conn.SetReadDeadline(started.Add(gatewaytest.Timeout))
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("POST %s without its body is still open after %v: %v", path, time.Since(started), err)
		}
	}
	c.echoes()
}

// TestStopDoesNotWait for what a client never sends.
func TestStopDoesNotWait(t *testing.T) {
	s := startLogging(t, t.Output())
	conn, err := net.Dial("tcp", hostOf(s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	half := lines("POST /push HTTP/1.1", "Host: localhost", "Content-Length: 10", asJSON, "Expect: 100-continue")
	gatewaytest.Exchange(t, conn, strings.ReplaceAll(half, "\n", "\r\n")) // It waits for the body.
	started := time.Now()
	if err := s.stop(); err != nil || time.Since(started) > shutdownTimeout {
		t.Errorf("stopping took %v: %v", time.Since(started), err)
	}
}

// TestNoGetChanges anything: an image's address is enough for one.
func TestNoGetChanges(t *testing.T) {
	s := startServer(t)
	c := dial(t, s.url)
	c.Send(`{"action":"echo"}`)
	post := "/dev/@connections/" + c.receive("echo")["connection"].(map[string]any)["connectionId"].(string)
	for path, status := range map[string]int{"/push": 403, "/push?v=1&audience=everyone&message=1": 403, post: 200, post + "?_method=DELETE": 200} {
		request := lines("GET "+path+" HTTP/1.1", "Host: localhost", "X-HTTP-Method-Override: DELETE")
		if got, _, _ := raw(t, hostOf(s), request); got != status {
			t.Errorf("GET %s: %d, want %d", path, got, status)
		}
	}
	c.echoes()
}

func TestHostsAreNames(t *testing.T) {
	for _, list := range []string{"http://wsecho", "wsecho:8080", "*", "a b", "*.example", "a/b"} {
		if _, err := parse([]string{"-hosts", list}, io.Discard); err == nil {
			t.Errorf("-hosts %q: nothing is wrong", list)
		}
	}
}

// hostOf is the address at which a server listens.
func hostOf(s *server) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(s.url, "ws://"), "/")
	return host
}

func itoa(n int) string { return strconv.Itoa(n) }
