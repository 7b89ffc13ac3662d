package gateway

// SelectRoute shows tests which route a message would reach.
func SelectRoute(g *Gateway, text []byte) string {
	key, _, _ := g.selectRoute(string(text))
	return key
}

// Refusing tells tests that a shutdown has begun.
func Refusing(g *Gateway) bool { return g.work.refusing() }
