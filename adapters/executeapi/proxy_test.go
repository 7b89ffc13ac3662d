package executeapi_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/executeapi"
)

func start(t *testing.T, cfg executeapi.Config) *executeapi.Proxy {
	t.Helper()
	p, err := executeapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// never fails a test in which a request is about to leave the machine.
func never(t *testing.T) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		t.Errorf("%s is about to leave this machine", r.URL)
		return nil, errors.New("not in this test")
	}
}

func direct(*http.Request) (*url.URL, error) { return nil, nil }

// says is a handler that answers with a text.
func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text, " ", r.Proto, " ", r.URL.Path) })
}

func names() map[string]http.Handler {
	return map[string]http.Handler{name: says("ours")}
}

// variable is what Environment says of a variable.
func variable(t *testing.T, p *executeapi.Proxy, name string) string {
	t.Helper()
	for _, pair := range p.Environment() {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	t.Fatalf("there is no %s in %q", name, p.Environment())
	return ""
}

// bundle are the certificates that a client of the proxy trusts.
func bundle(t *testing.T, p *executeapi.Proxy, name string) *x509.CertPool {
	t.Helper()
	content, err := os.ReadFile(variable(t, p, name))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		t.Fatalf("no certificate is in %s", name)
	}
	return pool
}

// client is an HTTP client that uses the proxy and trusts its certificate and what else is given.
func client(t *testing.T, p *executeapi.Proxy, h2 bool, others ...*x509.Certificate) *http.Client {
	roots := bundle(t, p, "SSL_CERT_FILE")
	for _, c := range others {
		roots.AddCert(c)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(p.URL()), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: h2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func get(c *http.Client, url string) (int, string, error) {
	resp, err := c.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func wantGet(t *testing.T, c *http.Client, url string, status int, text string) {
	t.Helper()
	if got, body, err := get(c, url); err != nil || got != status || !strings.Contains(body, text) {
		t.Errorf("GET %s: %d %q %v, want %d and %q", url, got, body, err, status, text)
	}
}

func TestNamesOfThisRun(t *testing.T) {
	p := start(t, executeapi.Config{Names: names(), Outer: never(t)})
	wantGet(t, client(t, p, false), "https://"+name+"/prod/x", 200, "ours HTTP/1.1 /prod/x")
	wantGet(t, client(t, p, true), "https://"+name+"/prod/x", 200, "ours HTTP/2.0 /prod/x")
	wantGet(t, client(t, p, true), "https://"+strings.ToUpper(name)+"/", 200, "ours")
	wantGet(t, client(t, p, true), "http://"+name+"/", 502, "https only")
	if _, _, err := get(client(t, p, true), "https://"+name+":8443/"); err == nil {
		t.Error("a port that is not served was answered")
	}
}

// connectTo sends a CONNECT as it is and returns the connection and the status.
func connectTo(t *testing.T, p *executeapi.Proxy, target string, header ...string) (net.Conn, int) {
	t.Helper()
	conn, err := net.Dial("tcp", p.URL().Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, target, strings.Join(append(header, ""), "\r\n"))
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	return conn, resp.StatusCode
}

// authorization is the header line with the password of the run.
func authorization(p *executeapi.Proxy) string {
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(p.URL().User.String()))
}

func TestStrangersAreRefused(t *testing.T) {
	p := start(t, executeapi.Config{Names: names(), Outer: never(t)})
	wrong := "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("run:guess"))
	for _, target := range []string{name + ":443", "example.com:443", "127.0.0.1:1"} {
		for _, header := range [][]string{nil, {wrong}, {"Proxy-Authorization: Bearer x"}} {
			if _, status := connectTo(t, p, target, header...); status != 407 {
				t.Errorf("CONNECT %s with %q was answered %d, want 407", target, header, status)
			}
		}
	}
	c := client(t, p, false)
	c.Transport.(*http.Transport).Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: p.URL().Host})
	wantGet(t, c, "http://example.com/", 407, "password")
}

func TestWhatIsNoProxyRequest(t *testing.T) {
	p := start(t, executeapi.Config{Outer: never(t)})
	request, _ := http.NewRequest("GET", "http://"+p.URL().Host+"/", nil)
	key, value, _ := strings.Cut(authorization(p), ": ")
	request.Header.Set(key, value)
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != 400 {
		t.Errorf("a request that is for no proxy was answered %s", resp.Status)
	}
	if _, status := connectTo(t, p, "no-port", authorization(p)); status != 400 {
		t.Errorf("CONNECT without a port was answered %d", status)
	}
}

// All other names reach who they belong to, with that server's certificate.
func TestOthersAreTunnelled(t *testing.T) {
	p := start(t, executeapi.Config{Names: names(), Outer: direct})
	secure := httptest.NewTLSServer(says("theirs"))
	defer secure.Close()
	wantGet(t, client(t, p, false, secure.Certificate()), secure.URL+"/a", 200, "theirs HTTP/1.1 /a")
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, r.Host, r.Header["Proxy-Authorization"], r.Header["X-Forwarded-For"])
	}))
	defer plain.Close()
	wantGet(t, client(t, p, false), plain.URL+"/b", 200, strings.TrimPrefix(plain.URL, "http://")+" [] []")
	plain.Close()
	wantGet(t, client(t, p, false), plain.URL, 502, "")
	if _, status := connectTo(t, p, strings.TrimPrefix(plain.URL, "http://"), authorization(p)); status != 502 {
		t.Errorf("CONNECT to a closed port was answered %d, want 502", status)
	}
}

// outerProxy is somebody else's proxy, which writes down what it is asked for and leads all tunnels to one server.
func outerProxy(t *testing.T, to string) (*url.URL, chan string) {
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		asked <- r.Method + " " + r.RequestURI + " " + user + " " + password
		if r.Method != http.MethodConnect {
			fmt.Fprint(w, "by the outer proxy")
			return
		}
		inner, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(inner, conn); inner.Close() }()
		io.Copy(conn, inner)
		conn.Close()
	}))
	t.Cleanup(server.Close)
	u, _ := url.Parse(server.URL)
	u.User = url.UserPassword("me", "mine")
	return u, asked
}

// APIs of others are not this run's though their names look alike; an outer proxy makes the tunnels.
func TestOuterProxy(t *testing.T) {
	theirs := httptest.NewTLSServer(says("theirs"))
	defer theirs.Close()
	outer, asked := outerProxy(t, theirs.Listener.Addr().String())
	p := start(t, executeapi.Config{Names: names(), Outer: http.ProxyURL(outer)})
	c := client(t, p, false)
	c.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify = true
	wantGet(t, c, "https://somebodyss.execute-api.eu-central-1.amazonaws.com/", 200, "theirs")
	if got := <-asked; got != "CONNECT somebodyss.execute-api.eu-central-1.amazonaws.com:443 me mine" {
		t.Errorf("the outer proxy was asked for %q", got)
	}
	wantGet(t, c, "http://example.com/c", 200, "by the outer proxy")
	if got := <-asked; got != "GET http://example.com/c me mine" {
		t.Errorf("the outer proxy was asked for %q", got)
	}
	wantGet(t, c, "https://"+name+"/", 200, "ours")
	c.CloseIdleConnections()
}

func TestOuterProxyThatRefuses(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	u, _ := url.Parse(refusing.URL)
	for _, outer := range []*url.URL{u, {Scheme: "socks5", Host: u.Host}} {
		p := start(t, executeapi.Config{Outer: http.ProxyURL(outer)})
		if _, status := connectTo(t, p, "example.com:443", authorization(p)); status != 502 {
			t.Errorf("by %s: %d, want 502", outer, status)
		}
	}
}

// The certificate of a name is shown to whoever asked for that name, whatever the handshake calls it, and fits no other.
func TestCertificateIsForItsNameOnly(t *testing.T) {
	p := start(t, executeapi.Config{Names: names(), Outer: never(t)})
	roots := bundle(t, p, "NODE_EXTRA_CA_CERTS")
	for _, called := range []string{name, "example.com", "other.execute-api.eu-central-1.amazonaws.com"} {
		conn, _ := connectTo(t, p, name+":443", authorization(p))
		err := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: called}).Handshake()
		if wrong, _ := errors.AsType[x509.HostnameError](err); (called == name) != (err == nil) || called != name && wrong.Certificate == nil {
			t.Errorf("a handshake for %s: %v", called, err)
		}
	}
}

func TestCloseEndsTunnels(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p, err := executeapi.New(executeapi.Config{Names: names(), Outer: direct})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(variable(t, p, "AWS_CA_BUNDLE"))
	tunnel, _ := connectTo(t, p, silent.Addr().String(), authorization(p))
	ours, _ := connectTo(t, p, name+":443", authorization(p))
	idle, err := net.Dial("tcp", p.URL().Host)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	for _, conn := range []net.Conn{tunnel, ours, idle} {
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection is still open: %v", err)
		}
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the certificates are still there: %v", err)
	}
}

// One end may stop sending and still receive.
func TestHalfClosedTunnel(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		all, _ := io.ReadAll(conn)
		fmt.Fprintf(conn, "got %s", all)
	}()
	p := start(t, executeapi.Config{Outer: direct})
	conn, _ := connectTo(t, p, server.Addr().String(), authorization(p))
	io.WriteString(conn, "all of it")
	conn.(*net.TCPConn).CloseWrite()
	if answer, err := io.ReadAll(conn); string(answer) != "got all of it" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestEnvironment(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine.pem")
	other := httptest.NewTLSServer(says("x"))
	defer other.Close()
	t.Setenv("AWS_CA_BUNDLE", mine)
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("NO_PROXY", "intern.example.com, *.amazonaws.com,*, amazonaws.com ,"+name+":443,10.0.0.0/8")
	t.Setenv("no_proxy", "10.0.0.0/8,svc.local")
	if err := os.WriteFile(mine, []byte("# my company's"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, executeapi.Config{Names: names()})
	want := "127.0.0.1,localhost,::1,169.254.169.254,intern.example.com,10.0.0.0/8,svc.local"
	for _, v := range []string{"NO_PROXY", "no_proxy"} {
		if got := variable(t, p, v); got != want {
			t.Errorf("%s is %s, want %s", v, got, want)
		}
	}
	for _, v := range []string{"HTTPS_PROXY", "https_proxy", "WSGATEWAY_PROXY"} {
		if got := variable(t, p, v); got != p.URL().String() || !strings.HasPrefix(got, "http://run:") {
			t.Errorf("%s is %s", v, got)
		}
	}
	if slices.ContainsFunc(p.Environment(), func(pair string) bool { return strings.HasPrefix(strings.ToUpper(pair), "HTTP_PROXY") }) {
		t.Error("plain HTTP is led through the proxy")
	}
	for _, v := range []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"} {
		content, _ := os.ReadFile(variable(t, p, v))
		if !strings.Contains(string(content), "# my company's\n-----BEGIN") || strings.Count(string(content), "BEGIN CERTIFICATE") < 2 {
			t.Errorf("%s lacks the person's own certificates, or the system's: %d bytes", v, len(content))
		}
	}
	info, err := os.Stat(variable(t, p, "SSL_CERT_FILE"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
