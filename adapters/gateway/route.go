package gateway

// selectRoute finds the route of a message: the one whose key the expression yields, otherwise $default, if there is one.
func (g *Gateway) selectRoute(text string) (key string, route Route, ok bool) {
	key = g.evaluate(text)
	reserved := key == routeConnect || key == routeDisconnect
	if reserved {
		g.guess(6, "a message selects a reserved route; whether that works is not known", "route", key)
	}
	if route, ok = g.cfg.Routes[key]; ok && (!reserved || g.cfg.Undetermined.ReservedSelectable) {
		return key, route, true
	}
	route, ok = g.cfg.Routes[routeDefault]
	return routeDefault, route, ok
}

// evaluate returns what the expression yields for a message.
func (g *Gateway) evaluate(text string) string {
	r := g.selection.Evaluate(text, g.cfg.Undetermined.NonStringsToDefault)
	if r.Lenient {
		g.log.Warn("a message is not JSON, strictly speaking: it is routed, as on AWS, but a strict parser will refuse it")
	}
	if r.Literal {
		g.guess(5, "a message selects its route with a number, a boolean or null; what AWS makes of it is not known")
	}
	return r.Key
}
