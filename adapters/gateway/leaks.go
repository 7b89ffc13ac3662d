package gateway

func (g *Gateway) invokeWatched(h Handler, event []byte) ([]byte, error) {
	return h.Invoke(g.ctx, event)
}
