package gateway

// Refusing tells tests that a shutdown has begun.
func Refusing(g *Gateway) bool { return g.work.refusing() }
