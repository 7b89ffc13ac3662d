package apigateway

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/adapters/internal/emf"
	"wsecho/domain"
)

// RequestLogger writes what handlers did.
type RequestLogger struct {
	// Logger gets one line for each request. Required.
	Logger *slog.Logger
	// Metrics gets a metric for each request: Requests, by Stack, Route and Code, so that it counts connects,
	// disconnects, messages and errors. Nil is none.
	Metrics io.Writer
	// Stack is the name of the CloudFormation stack, as whose metrics they are counted.
	Stack string
}

// log writes what came of a request, but never what was in it. A fault of ours is an error and has its cause.
func (l RequestLogger) log(ctx context.Context, in events.APIGatewayWebsocketProxyRequestContext, started time.Time, err error) {
	level, code, cause := slog.LevelInfo, "ok", ""
	if err != nil {
		refusal := domain.Refusal(err).Code
		code = string(refusal)
		if refusal == domain.Internal || refusal == domain.Unavailable {
			level, cause = slog.LevelError, err.Error()
		}
	}
	attributes := []slog.Attr{
		// What a client can quote. requestId is Lambda's, which its logger adds.
		slog.String("gatewayRequestId", in.RequestID),
		slog.String("connectionId", in.ConnectionID),
		slog.String("route", in.RouteKey),
		slog.String("code", code),
		slog.Float64("durationMs", float64(time.Since(started).Microseconds())/1000),
	}
	if cause != "" {
		attributes = append(attributes, slog.String("cause", cause))
	}
	l.Logger.LogAttrs(ctx, level, "request", attributes...)
	l.count(in.RouteKey, code)
}

// count writes the metric. One that is lost is no reason to fail a request.
func (l RequestLogger) count(route, code string) {
	if l.Metrics != nil {
		dimensions := map[string]string{"Stack": l.Stack, "Route": route, "Code": code}
		_ = emf.Write(l.Metrics, time.Now(), dimensions, emf.Metric{Name: "Requests", Unit: emf.Count, Value: 1})
	}
}
