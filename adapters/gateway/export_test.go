package gateway

// SelectRoute shows tests which route a message would reach.
func SelectRoute(g *Gateway, text []byte) string {
	key, _, _ := g.selectRoute(string(text))
	return key
}
