package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"wsecho/adapters/apigateway"
)

// bodyWait is how long a request's body may take.
const bodyWait = 10 * time.Second

// guard keeps web pages of other people, which reach this program through a developer's browser, from what is not
// theirs. It stands in front of all that the program serves. Which pages may connect is the authorizer's business.
type guard struct {
	next        http.Handler
	names       hostNames // By which the program may be asked for, beside those of loopback.
	beyond      bool      // It listens to other machines.
	remotePosts bool      // They may post.
	logger      *slog.Logger
}

// ServeHTTP leads a request on, or refuses it with a sentence that says what helps.
func (g guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.ContentLength != 0 {
		// Not for all requests: a WebSocket has none, and lives longer.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait))
	}
	status, why := g.judge(r)
	if status == http.StatusOK {
		g.next.ServeHTTP(w, r)
		return
	}
	g.logger.Warn("refused", "method", r.Method, "host", r.Host, "path", r.URL.Path, "code", status, "sourceIp", r.RemoteAddr, "reason", why)
	w.Header().Set("Connection", "close") // Nobody waits for a body.
	http.Error(w, why, status)
}

// judge decides by what a page cannot choose: the host that it was loaded from or asks, and what browsers say of it.
func (g guard) judge(r *http.Request) (status int, why string) {
	switch {
	case !g.answersTo(r.Host):
		return http.StatusMisdirectedRequest, fmt.Sprintf("this program is not known by the name %q, so a page of somebody else's may have been led here; "+
			"if the name is yours, start the program with -hosts and the name", r.Host)
	case !posts(r):
		return http.StatusOK, ""
	case !apigateway.SameOrigin(r.Host, r.Header["Origin"], r.Header["Sec-Fetch-Site"]):
		return http.StatusForbidden, "no page but the program's own may do this"
	case !g.remotePosts && !loopbackPeer(r.RemoteAddr):
		return http.StatusForbidden, "only programs on the same machine may do this; start the program with -remote-posts to let others do it"
	}
	return http.StatusOK, ""
}

// posts tells whether a request is for what services do, not clients: /push and /@connections. Everything that is
// not known for harmless is taken for it.
func posts(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return !reads || strings.Contains(r.URL.Path, "@connections")
}

func loopbackPeer(addr string) bool {
	peer, err := netip.ParseAddrPort(addr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// answersTo tells whether a Host header has a name of this program, whatever the port: that of a container is another
// one outside. An address cannot be led elsewhere as a name can, so any will do where other machines ask.
func (g guard) answersTo(host string) bool {
	name := canonical((&url.URL{Host: host}).Hostname())
	_, err := netip.ParseAddr(name)
	return apigateway.Loopback(name) || g.beyond && err == nil || g.names[name]
}

// guarded puts the guard in front of what is served at an address, and warns of an address that others can reach.
func (o options) guarded(next http.Handler, addr net.Addr, logger *slog.Logger) http.Handler {
	g := guard{next: next, names: o.hosts, beyond: beyondLoopback(addr), remotePosts: o.remotePosts, logger: logger}
	if g.beyond {
		logger.Warn("other machines can reach this program, which is for development: keep it behind a firewall or use -addr 127.0.0.1:8080", "addr", addr)
	}
	return g
}

// beyondLoopback tells whether other machines can reach an address.
func beyondLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || !tcp.IP.IsLoopback()
}
