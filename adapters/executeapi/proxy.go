package executeapi

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Config says what a Proxy answers for.
type Config struct {
	// Names has the handler of each host name, which is without a port: 443 is meant. A handler gets requests with the
	// path that the client asked for.
	Names map[string]http.Handler
	// Outer returns the proxy by which a request for another name leaves, or nil for none. Default
	// http.ProxyFromEnvironment.
	Outer func(*http.Request) (*url.URL, error)
	// Logger gets what could not be reached, and what is wrong with the system's roots. Nil logs nothing.
	Logger *slog.Logger
}

// Proxy is a forward proxy that listens on loopback until Close. Its methods may be called concurrently.
type Proxy struct {
	names     map[string]http.Handler
	outer     func(*http.Request) (*url.URL, error)
	log       *slog.Logger
	forwarder *httputil.ReverseProxy
	user      *url.Userinfo
	listener  net.Listener
	trust     trust

	ours  *handed // Connections to names of this run.
	front *http.Server
	back  *http.Server

	ctx     context.Context // Of tunnels; cancelled by Close.
	cancel  context.CancelFunc
	serving sync.WaitGroup
	tunnels tunnels
	closing sync.Once
}

// Limits of the proxy's own HTTP. A tunnel has none: it lasts as long as both ends want it.
const (
	headerWait = 10 * time.Second
	keepAlive  = 2 * time.Minute
)

// New makes the certificates, writes the files that clients trust, and listens on a free port of 127.0.0.1. The caller
// must Close it.
func New(cfg Config) (*Proxy, error) {
	p := &Proxy{
		names: map[string]http.Handler{},
		outer: cfg.Outer,
		log:   cfg.Logger,
		user:  url.UserPassword("run", rand.Text()),
	}
	for name, handler := range cfg.Names {
		p.names[canonical(name)] = handler
	}
	if p.outer == nil {
		p.outer = http.ProxyFromEnvironment
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if err := p.start(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Proxy) start() error {
	authority, certificates, err := issue(p.names)
	if err != nil {
		return err
	}
	if p.trust, err = writeTrust(authority, p.log); err != nil {
		return err
	}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return errors.Join(err, p.trust.remove())
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.forwarder = p.newForwarder()
	p.ours = newHanded(p.listener.Addr())
	p.front = p.server(http.HandlerFunc(p.serve))
	p.back = p.server(http.HandlerFunc(p.serveOurs))
	p.back.ConnContext = rememberName
	p.back.TLSConfig = certificates.config()
	p.serving.Go(func() { p.front.Serve(p.listener) })
	p.serving.Go(func() { p.back.ServeTLS(p.ours, "", "") })
	return nil
}

func (p *Proxy) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerWait,
		IdleTimeout:       keepAlive,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
}

// Close stops listening, ends all connections and tunnels, waits for them and removes the files. It doesn't wait for
// handlers that do not end.
func (p *Proxy) Close() error {
	var err error
	p.closing.Do(func() {
		p.cancel()
		err = errors.Join(p.listener.Close(), p.ours.Close())
		p.serving.Wait() // From here on the servers know all connections that they took.
		err = errors.Join(err, p.front.Close(), p.back.Close())
		p.tunnels.close()
		p.forwarder.Transport.(*http.Transport).CloseIdleConnections()
		err = errors.Join(err, p.trust.remove())
	})
	return err
}

// URL is the proxy's, with the user and the password of this run.
func (p *Proxy) URL() *url.URL {
	return &url.URL{Scheme: "http", User: p.user, Host: p.listener.Addr().String()}
}

// serve does what a client asks of a proxy.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case !p.knows(r):
		w.Header().Set("Proxy-Authenticate", `Basic realm="this run's functions"`)
		http.Error(w, "this proxy is for the processes that were started with its password", http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Scheme != "http" || r.URL.Host == "":
		http.Error(w, "this is a proxy: it takes CONNECT, and requests for http://…", http.StatusBadRequest)
	case p.names[canonical(r.URL.Hostname())] != nil:
		http.Error(w, r.URL.Hostname()+" is served with https only", http.StatusBadGateway)
	default:
		p.forwarder.ServeHTTP(w, r)
	}
}

// knows tells whether a request has the password of this run.
func (p *Proxy) knows(r *http.Request) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user.String()))
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Proxy-Authorization")), []byte(want)) == 1
}

// canonical is a host name as names are compared: in lower case, without the dot of an absolute name.
func canonical(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
