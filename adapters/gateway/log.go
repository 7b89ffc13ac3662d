package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// One record for each event, post and refusal. Messages are constant, so that records can be filtered by them; bodies
// appear only if Config.LogBodies is set, and tokens and query strings never.

// enabled spares the work where nobody reads the log.
func (g *Gateway) enabled(level slog.Level) bool { return g.log.Enabled(context.Background(), level) }

func (g *Gateway) record(level slog.Level, message string, attrs ...slog.Attr) {
	g.log.LogAttrs(context.Background(), level, message, attrs...)
}

// outcome describes what a handler did. Its status has a name.
func outcome(name string, a answer, err error, took time.Duration) []slog.Attr {
	attrs := []slog.Attr{slog.Duration("took", took)}
	if err == nil {
		return append(attrs, slog.Int(name, a.status))
	}
	attrs = append(attrs, slog.String("error", err.Error()))
	if stack := stackOf(err); stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	return attrs
}

func levelOf(err error) slog.Level {
	if err != nil {
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (ctx requestContext) attrs() []slog.Attr {
	return append([]slog.Attr{
		slog.String("route", ctx.RouteKey),
		slog.String("connectionId", ctx.ConnectionID),
		slog.String("requestId", ctx.RequestID),
	}, userAttr(ctx.user)...)
}

// userAttr names who it was, if an authorizer said so.
func userAttr(user string) []slog.Attr {
	if user == "" {
		return nil
	}
	return []slog.Attr{slog.String("user", user)}
}

// logEvent records an event that a handler has handled.
func (g *Gateway) logEvent(ctx requestContext, outcome []slog.Attr, err error, more ...slog.Attr) {
	g.record(levelOf(err), ctx.EventType, append(append(ctx.attrs(), outcome...), more...)...)
}

func (g *Gateway) logConnect(u *upgrade, a answer, err error, took time.Duration) {
	g.logEvent(u.ctx, outcome("code", a, err, took), err, slog.String("sourceIp", u.c.identity.SourceIP))
}

func (g *Gateway) logDisconnect(ctx requestContext, e ending, a answer, err error, took time.Duration) {
	g.logEvent(ctx, outcome("status", a, err, took), err, slog.Int("code", e.report.Code), slog.String("reason", e.report.Reason), slog.String("cause", e.cause))
}

func (g *Gateway) logMessage(r *request, a answer, err error) {
	if g.enabled(levelOf(err)) {
		g.logEvent(r.ctx, outcome("code", a, err, time.Since(r.start)), err, g.bodies(r.text, a)...)
	}
}

// bodies are the sizes of a message and its reply, and the texts if they are wanted.
func (g *Gateway) bodies(text string, a answer) []slog.Attr {
	attrs := []slog.Attr{slog.Int("bytes", len(text)), slog.Int("replyBytes", len(a.body))}
	if g.cfg.LogBodies {
		attrs = append(attrs, slog.String("body", text), slog.String("reply", a.body))
	}
	return attrs
}

// logLate records a handler that ended after the client was told that it timed out.
func (g *Gateway) logLate(r *request, err error) {
	attrs := append(r.ctx.attrs(), slog.Duration("took", time.Since(r.start)))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	g.record(slog.LevelWarn, "the handler ended after its time-out", attrs...)
}

func (g *Gateway) logTimeout(r *request) {
	g.record(slog.LevelError, "the handler timed out", append(r.ctx.attrs(), slog.Duration("timeout", r.route.Timeout))...)
}

// logRefused records a message that reaches no handler.
func (g *Gateway) logRefused(ctx requestContext, why, text string) {
	g.record(slog.LevelWarn, "message refused: "+why, append(ctx.attrs(), g.bodies(text, answer{})...)...)
}

// logAuthorizer records what an authorizer decided. There is a code if the client is refused.
func (g *Gateway) logAuthorizer(u *upgrade, no *refusal, err error, took time.Duration) {
	attrs := []slog.Attr{slog.String("connectionId", u.c.id), slog.String("requestId", u.ctx.RequestID), slog.Duration("took", took)}
	attrs = append(attrs, userAttr(u.ctx.user)...)
	if no != nil {
		attrs = append(attrs, slog.Int("code", no.status))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()), slog.String("stack", stackOf(err)))
	}
	g.record(slog.LevelInfo, "AUTHORIZER", attrs...)
}

// logClosed records the end of a connection. Where there is a $disconnect route, that one's record says the same.
func (g *Gateway) logClosed(c *conn, e ending) {
	level := slog.LevelInfo
	if _, ok := g.cfg.Routes[routeDisconnect]; ok {
		level = slog.LevelDebug
	}
	g.record(level, "closed", append(userAttr(c.user), slog.String("connectionId", c.id),
		slog.Int("code", e.report.Code), slog.String("reason", e.report.Reason), slog.String("cause", e.cause))...)
}

// logRequest records a request that was refused with plain HTTP.
func (g *Gateway) logRequest(r *http.Request, why string, status int, more ...slog.Attr) {
	g.record(slog.LevelWarn, "refused: "+why, append([]slog.Attr{slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("code", status), slog.String("sourceIp", host(r.RemoteAddr))}, more...)...)
}

// logElsewhere records a request for what is not there. A WebSocket, whose client sees no more than the status, gets the
// URL into the log.
func (g *Gateway) logElsewhere(r *http.Request, why string) {
	var hint []slog.Attr
	if hasToken(r.Header, "Upgrade", "websocket") {
		hint = append(hint, slog.String("hint", "WebSockets connect to ws://"+r.Host+"/"+g.cfg.Stage))
	}
	g.logRequest(r, why, http.StatusForbidden, hint...)
}

// logCall records a call of /@connections, for the connection c if there is one.
func (g *Gateway) logCall(r *http.Request, c *conn, id string, body []byte, status int, kind string, start time.Time) {
	if !g.enabled(slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{slog.String("connectionId", id), slog.Int("code", status), slog.Int("bytes", len(body)), slog.Duration("took", time.Since(start))}
	if c != nil {
		attrs = append(attrs, userAttr(c.user)...)
	}
	if kind != "" {
		attrs = append(attrs, slog.String("error", kind))
	}
	if g.cfg.LogBodies {
		attrs = append(attrs, slog.String("body", string(body)))
	}
	g.record(slog.LevelInfo, r.Method, attrs...)
}
