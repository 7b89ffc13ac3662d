package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"

	"wsecho/functions/internal/wiring"
)

// hints say what to do with a program that listens at an address.
func (o options) hints(address string) string {
	here, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(here.Hostname()); err == nil && ip.IsUnspecified() {
		here.Host = net.JoinHostPort("localhost", here.Port())
	}
	connect := fmt.Sprintf("npx wscat -c '%s?user=ada'", here)
	if o.auth.Mode == wiring.AuthJWT {
		connect = fmt.Sprintf(`npx wscat -c '%s' -H "Authorization: Bearer $TOKEN"`, here)
	}
	return fmt.Sprintf(`
  in a browser   http://%s/
  in a terminal  %s
  to end it      Ctrl-C

`, here.Host, connect)
}
