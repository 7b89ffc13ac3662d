package gateway

import "log/slog"

// selectRoute finds the route of a message: the one whose key the expression yields, otherwise $default, if there is one.
func (g *Gateway) selectRoute(text string) (key string, route Route, ok bool) {
	key = g.evaluate(text)
	reserved := key == routeConnect || key == routeDisconnect
	if reserved {
		g.assume(reservedKeysSelectNothing, slog.String("route", key))
	}
	if route, ok = g.cfg.Routes[key]; ok && (!reserved || g.cfg.Assumptions.ReservedSelectable) {
		return key, route, true
	}
	route, ok = g.cfg.Routes[routeDefault]
	return routeDefault, route, ok
}

// evaluate returns what the expression yields for a message.
func (g *Gateway) evaluate(text string) string {
	r := g.selection.Evaluate(text, g.cfg.Assumptions.NonStringsToDefault)
	if r.Lenient {
		g.log.Warn("a message is not JSON, strictly speaking: it is routed, as on AWS, but a strict parser will refuse it")
	}
	if r.Literal {
		g.assume(literalsSelectByText)
	}
	return r.Key
}
