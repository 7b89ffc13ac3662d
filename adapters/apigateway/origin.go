package apigateway

import (
	"fmt"
	"regexp"
	"strings"
)

// Origins are the web pages that may connect. The zero value admits none.
type Origins struct {
	any    bool
	opaque bool // Admits "null", which stands for every page without an origin of its own.
	listed map[origin]bool
}

// AnyOrigin admits every page.
var AnyOrigin = Origins{any: true}

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
// There are no patterns. The word null admits pages without an origin, which can be anybody's.
func ParseOrigins(list string) (Origins, error) {
	all := Origins{listed: map[origin]bool{}}
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		switch o, ok := parseOrigin(text); {
		case ok:
			all.listed[o] = true
		case text == opaqueOrigin:
			all.opaque = true
		case text != "":
			return Origins{}, fmt.Errorf("%q is no origin: write scheme://host or scheme://host:port, without a path or a pattern", text)
		}
	}
	return all, nil
}

// Empty tells that no page is admitted.
func (o Origins) Empty() bool { return !o.any && !o.opaque && len(o.listed) == 0 }

// admit decides by the values of the Origin header, of which there is one at most. Origins are the same if scheme,
// host and port are (RFC 6454, 5).
func (o Origins) admit(values []string) bool {
	if len(values) == 0 || o.any {
		return true
	}
	if len(values) > 1 {
		return false
	}
	if values[0] == opaqueOrigin {
		return o.opaque
	}
	from, ok := parseOrigin(values[0])
	return ok && o.listed[from]
}
