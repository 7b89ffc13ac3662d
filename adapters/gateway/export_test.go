package gateway

// Refusing tells tests that a shutdown has begun.
func Refusing(g *Gateway) bool { return g.work.refusing() }

// Assumed shows tests what is assumed, and the switch for it.
func Assumed() (all []struct{ Setting, Sentence string }) {
	for _, a := range assumed {
		all = append(all, struct{ Setting, Sentence string }{a.setting, a.sentence})
	}
	return all
}
