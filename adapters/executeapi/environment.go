package executeapi

import (
	"os"
	"slices"
	"strings"
)

// Environment are the variables by which a child process uses the proxy and trusts it, as "NAME=value": append them to
// its environment. HTTP_PROXY is not among them, as all names of a run are https. NO_PROXY exempts what is on this
// machine, the address of AWS's instance metadata, and what it exempted before, unless that is a name of this run.
// WSGATEWAY_PROXY is the URL of the proxy again, for runtimes whose clients know no proxies.
func (p *Proxy) Environment() []string {
	proxy, exempt := p.URL().String(), strings.Join(p.exempt(), ",")
	return []string{
		"HTTPS_PROXY=" + proxy, "https_proxy=" + proxy,
		"NO_PROXY=" + exempt, "no_proxy=" + exempt,
		"AWS_CA_BUNDLE=" + p.trust.bundle,
		"REQUESTS_CA_BUNDLE=" + p.trust.bundle,
		"SSL_CERT_FILE=" + p.trust.bundle,
		"NODE_EXTRA_CA_CERTS=" + p.trust.extra,
		"WSGATEWAY_PROXY=" + proxy,
	}
}

// exempt are the hosts that children reach without the proxy. Those that are left out of the person's are reached by
// the proxy as NO_PROXY says, so without another one.
func (p *Proxy) exempt() []string {
	all := []string{"127.0.0.1", "localhost", "::1", "169.254.169.254"}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		for _, entry := range strings.Split(os.Getenv(name), ",") {
			if entry = strings.TrimSpace(entry); entry != "" && !p.covers(entry) && !slices.Contains(all, entry) {
				all = append(all, entry)
			}
		}
	}
	return all
}

// covers tells whether an entry of NO_PROXY stands for a name of this run: clients differ in what they take it for, so
// that the widest meaning counts.
func (p *Proxy) covers(entry string) bool {
	host, _, _ := strings.Cut(canonical(entry), ":")
	host = strings.TrimLeft(host, "*.")
	for name := range p.names {
		if strings.HasSuffix(name, host) {
			return true
		}
	}
	return false
}
