package main

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// hostNames are names of hosts, as a flag.
type hostNames map[string]bool

var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

// String implements flag.Value.
func (n *hostNames) String() string {
	return strings.Join(slices.Sorted(maps.Keys(*n)), ",")
}

// Set implements flag.Value.
func (n *hostNames) Set(list string) error {
	*n = hostNames{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if _, err := netip.ParseAddr(name); err != nil && !hostName.MatchString(name) {
			return fmt.Errorf("%q is no name: write it without scheme, port and patterns, such as wsecho or devbox.lan", name)
		}
		(*n)[canonical(name)] = true
	}
	return nil
}

// canonical is a host's name as it is compared: a dot at the end makes no difference in DNS, nor does case.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
