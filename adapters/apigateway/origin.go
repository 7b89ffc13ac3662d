package apigateway

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// Origins are the web pages that may connect. The zero value admits none.
type Origins struct {
	any      bool
	loopback bool // Admits pages of this machine, whatever their port.
	opaque   bool // Admits "null", which stands for every page without an origin of its own.
	listed   map[origin]bool
}

// AnyOrigin admits every page.
var AnyOrigin = Origins{any: true}

// LoopbackOrigins admits the pages that come from the machine of the browser, such as those of a developer's server at
// http://localhost:3000.
var LoopbackOrigins = Origins{loopback: true}

// origin is the scheme, host and port of a page in one spelling (RFC 6454, 4).
type origin struct{ scheme, host, port string }

// originSyntax is an origin as browsers write it (RFC 6454, 6.2), in ASCII alone: lower-casing must not turn another
// character into an ASCII letter.
var originSyntax = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([1-9][0-9]{0,4}))?$`)

// The ports that need not be written.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// opaqueOrigin is what a browser sends for sandboxed pages, files and some redirects.
const opaqueOrigin = "null"

func parseOrigin(text string) (origin, bool) {
	match := originSyntax.FindStringSubmatch(text)
	if match == nil {
		return origin{}, false
	}
	o := origin{strings.ToLower(match[1]), strings.ToLower(match[2]), match[3]}
	if o.port == "" {
		o.port = defaultPorts[o.scheme]
	}
	return o, true
}

// ParseOrigins reads a list of origins with commas between them, such as https://app.example,http://localhost:3000.
// There are no patterns, but * alone admits every page. The word null admits pages without an origin, which can be
// anybody's.
func ParseOrigins(list string) (Origins, error) {
	if strings.TrimSpace(list) == "*" {
		return AnyOrigin, nil
	}
	all := Origins{listed: map[origin]bool{}}
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		switch o, ok := parseOrigin(text); {
		case ok:
			all.listed[o] = true
		case text == opaqueOrigin:
			all.opaque = true
		case text != "":
			return Origins{}, fmt.Errorf("%q is no origin: write scheme://host or scheme://host:port, without a path or a pattern, or * alone for all", text)
		}
	}
	return all, nil
}

// Empty tells that no page is admitted.
func (o Origins) Empty() bool { return !o.any && !o.loopback && !o.opaque && len(o.listed) == 0 }

// admit decides by the values of the Origin header, of which there has to be one. Origins are the same if scheme, host
// and port are (RFC 6454, 5).
func (o Origins) admit(values []string) bool {
	switch {
	case o.any:
		return true
	case len(values) != 1:
		return false
	case values[0] == opaqueOrigin:
		return o.opaque
	}
	from, ok := parseOrigin(values[0])
	return ok && (o.listed[from] || o.loopback && from.web() && Loopback(from.host))
}

// web tells whether an origin is that of a page which came over the network, as those of browser extensions do not.
func (o origin) web() bool { return defaultPorts[o.scheme] != "" }

// Loopback tells whether a host, without a port, is always the machine of who asks for it: localhost and the names
// below it (RFC 6761, 6.3), 127.0.0.0/8 and ::1, in brackets or not.
func Loopback(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") && name != ".localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// SameOrigin tells whether a request was made by a program, or by a page of the same host and port that it was sent to:
// by its values of the headers Origin and Sec-Fetch-Site (W3C, Fetch Metadata Request Headers), which no page can
// change. Whether the host is one of ours is left to the caller. A server that is reached by TLS may not know it, so
// http and https are not told apart.
func SameOrigin(host string, origins, sites []string) bool {
	for _, site := range sites {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	for _, text := range origins {
		from, ok := parseOrigin(text)
		to, known := parseOrigin(from.scheme + "://" + host)
		if !ok || !known || !from.web() || from != to {
			return false
		}
	}
	return true
}
