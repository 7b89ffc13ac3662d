package executeapi

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
)

// newForwarder passes plain HTTP on.
func (p *Proxy) newForwarder() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport:     &http.Transport{Proxy: p.outer, DialContext: (&net.Dialer{Timeout: dialWait}).DialContext},
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
	}
}
