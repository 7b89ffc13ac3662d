package gateway

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// admit asks the authorizer and $connect. It returns nil if the connection may open.
func (u *upgrade) admit() *refusal {
	latency, no := u.authorize()
	if no != nil {
		return no
	}
	if no := u.connect(latency); no != nil {
		return no
	}
	if u.protocol != "" && strings.ContainsAny(u.protocol, "\r\n") {
		return &refusal{status: http.StatusBadGateway, message: "Internal server error", why: "$connect returned a header with a line break"}
	}
	return nil
}

// connect invokes $connect, which decides by its status.
func (u *upgrade) connect(latency time.Duration) *refusal {
	route, ok := u.g.cfg.Routes[routeConnect]
	if !ok {
		return nil
	}
	ctx := u.ctx
	if u.c.authorizer != nil {
		ctx.Authorizer = withLatency(u.c.authorizer, latency)
	}
	start := time.Now()
	out, err, late := u.g.invokeWithin(route.Timeout, route.Handler, u.connectEvent(ctx))
	a, err := settle(out, err, late)
	u.g.logConnect(u, a, err, time.Since(start))
	switch {
	case late:
		u.g.assume(slowConnectIs504, slog.Int("code", u.g.cfg.Assumptions.ConnectTimeoutStatus))
		return &refusal{status: u.g.cfg.Assumptions.ConnectTimeoutStatus, message: "Endpoint request timed out", why: "$connect took too long"}
	case err != nil:
		return &refusal{status: http.StatusBadGateway, message: "Internal server error", why: "$connect failed: " + err.Error()}
	case a.status < 200 || a.status > 299:
		return &refusal{status: a.status, why: "$connect returned " + strconv.Itoa(a.status)}
	}
	u.protocol = a.headers["sec-websocket-protocol"]
	return nil
}

func settle(out []byte, err error, late bool) (answer, error) {
	if err != nil || late {
		return answer{}, err
	}
	return parseAnswer(out)
}

// invokeWithin invokes a handler and waits for it, but no longer than the integration time-out. The handler runs on.
func (g *Gateway) invokeWithin(timeout time.Duration, h Handler, event []byte) (out []byte, err error, late bool) {
	done := make(chan struct{})
	var result []byte
	var failure error
	g.work.Add(1)
	go func() {
		defer g.work.Done()
		defer close(done)
		result, failure = g.invoke(h, event)
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-done:
		return result, failure, false
	case <-timer.C:
		return nil, nil, true
	}
}

// connectEvent has the request's headers and query string.
func (u *upgrade) connectEvent(ctx requestContext) []byte {
	e := proxyEvent{StageVariables: u.g.stageVariables, RequestContext: ctx}
	e.Headers, e.MultiValueHeaders = u.g.fold(u.headers, true)
	e.Query, e.MultiValueQuery = query(u.r)
	return encode(e)
}

// disconnect invokes $disconnect for a connection that is over. Nobody sees what it returns.
func (g *Gateway) disconnect(c *conn, e ending) {
	g.logClosed(c, e)
	route, ok := g.cfg.Routes[routeDisconnect]
	if !ok {
		return
	}
	g.assume(disconnectMayComeEarly)
	for range g.faults.disconnects() {
		g.work.Add(1)
		go func() {
			defer g.work.Done()
			g.faults.holdDisconnect()
			if g.cfg.Assumptions.DisconnectWaits {
				c.busy.drained()
			}
			c.disconnected(route, e)
		}()
	}
}

func (c *conn) disconnected(route Route, e ending) {
	ctx := c.newContext(eventDisconnect, routeDisconnect)
	ctx.DisconnectStatusCode, ctx.DisconnectReason = e.report.Code, &e.report.Reason
	start := time.Now()
	out, err := c.g.invoke(route.Handler, c.disconnectEvent(ctx))
	a, err := settle(out, err, false)
	c.g.logDisconnect(ctx, e, a, err, time.Since(start))
}
