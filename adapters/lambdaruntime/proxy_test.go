package lambdaruntime_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/adapters/lambdaruntime"
)

// apiName is a name of API Gateway, which nothing may resolve.
const apiName = "localapi00.execute-api.us-east-1.amazonaws.com"

// certificate is signed by itself, for apiName, and its file.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: apiName}, DNSNames: []string{apiName},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// proxy is a small proxy for CONNECT that serves apiName itself and refuses everything else. It counts connections.
func proxy(t *testing.T) (address, authorities string, connections *atomic.Int32) {
	t.Helper()
	pair, authorities := certificate(t)
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+r.URL.Path)
	}))
	api.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	api.StartTLS()
	t.Cleanup(api.Close)
	connections = new(atomic.Int32)
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections.Add(1)
		if r.Method != http.MethodConnect || r.RequestURI != apiName+":443" || r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwQHNz" {
			http.Error(w, "not for you", http.StatusProxyAuthRequired)
			return
		}
		tunnel(t, w, api.Listener.Addr().String())
	}))
	t.Cleanup(p.Close)
	return p.Listener.Addr().String(), authorities, connections
}

func tunnel(t *testing.T, w http.ResponseWriter, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	in, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	_, _ = io.Copy(in, out)
	_ = in.Close()
}

// behindProxy is a Node function that has a proxy.
func behindProxy(t *testing.T, handler, user string) (*lambdaruntime.Pool, *atomic.Int32) {
	t.Helper()
	f := node(t, handler)
	address, authorities, connections := proxy(t)
	f.Timeout = 20 * time.Second
	f.Env = []string{lambdaruntime.ProxyVariable + "=http://" + user + "@" + address, "NODE_EXTRA_CA_CERTS=" + authorities}
	p, _ := pool(t, f, lambdaruntime.Options{})
	return p, connections
}

func TestNodeReachesAPIGatewayThroughTheProxy(t *testing.T) {
	p, connections := behindProxy(t, "fetch.handler", url.UserPassword("user", "p@ss").String())
	at := "https://" + apiName + "/dev"
	said := apiName + "/dev"
	for how, want := range map[string]string{"https": said, "agent": said + "," + said, "fetch": said, "module": said, "tls": apiName} {
		before := connections.Load()
		if got := invoke[string](t, p, `{"how":"`+how+`","url":"`+at+`"}`); got != want {
			t.Errorf("%s: answered %q, want %q", how, got, want)
		}
		if got := connections.Load() - before; got != 1 {
			t.Errorf("%s: %d connections", how, got)
		}
	}
}

// TestNodeIdleConnectionThroughTheProxy: a connection that an agent keeps must not keep the event loop busy.
func TestNodeIdleConnectionThroughTheProxy(t *testing.T) {
	p, _ := behindProxy(t, "fetch.keepalive", url.UserPassword("user", "p@ss").String())
	for range 2 {
		if got := invoke[string](t, p, `{"url":"https://`+apiName+`/dev"}`); got != apiName+"/dev" {
			t.Errorf("answered %q", got)
		}
	}
}

func TestNodeLeavesOtherNamesAlone(t *testing.T) {
	p, connections := behindProxy(t, "fetch.handler", "user:wrong")
	wantError(t, p, `{"how":"https","url":"https://`+apiName+`/dev"}`, "Error", "the proxy refused the connection: HTTP/1.1 407")
	before := connections.Load()
	if _, err := p.Invoke(t.Context(), []byte(`{"how":"https","url":"https://127.0.0.1:1/"}`)); err == nil {
		t.Error("nothing listens there")
	}
	if connections.Load() != before {
		t.Error("another name went through the proxy")
	}
}
