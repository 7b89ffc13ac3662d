package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

// AuthorizerEvent is what a WebSocket API asks a REQUEST authorizer. Its context is that of the API's other events and
// has the connection's id, which the embedded type, made for REST APIs, drops.
type AuthorizerEvent struct {
	events.APIGatewayCustomAuthorizerRequestTypeRequest
	RequestContext events.APIGatewayWebsocketProxyRequestContext `json:"requestContext"`
}

// Authorizer is a Lambda REQUEST authorizer for $connect.
type Authorizer func(context.Context, AuthorizerEvent) (events.APIGatewayCustomAuthorizerResponse, error)

// Invoke handles an event as API Gateway sends it and returns the answer as API Gateway reads it. It makes an Authorizer
// one of lambda.Start's handlers. Unlike the one that lambda.NewHandler makes it may be called concurrently.
func (a Authorizer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event AuthorizerEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	response, err := a(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(response)
}

// errUnauthorized has the very text by which API Gateway answers the client with 401; any other error is 500.
// Source: AWS, "Output from an API Gateway Lambda authorizer".
var errUnauthorized = errors.New("Unauthorized")

// Authorize decides by an authenticator who may connect, and hands the identity on to all events of the connection.
// The client of a refused connection gets 401 for missing or bad credentials, 403 if it is known and may not or comes
// from a web page that may not. The log has the reason, but nothing that the client sent.
func Authorize(by domain.Authenticator, h Handshake, logger RequestLogger) Authorizer {
	return func(ctx context.Context, event AuthorizerEvent) (events.APIGatewayCustomAuthorizerResponse, error) {
		started := time.Now()
		who, err := identify(ctx, by, h, upgrade{event.APIGatewayCustomAuthorizerRequestTypeRequest})
		in := event.RequestContext
		in.RouteKey = "authorize" // Not $connect, whose requests are counted apart.
		reasoned(logger, err).log(ctx, in, started, err)
		switch {
		case err == nil:
			return policy("Allow", event.MethodArn, who), nil
		case domain.Refusal(err).Code == domain.Forbidden:
			return policy("Deny", event.MethodArn, who), nil
		case domain.Refusal(err).Code == domain.Unauthorized:
			return events.APIGatewayCustomAuthorizerResponse{}, errUnauthorized
		}
		return events.APIGatewayCustomAuthorizerResponse{}, err
	}
}

// identify asks the authenticator, if the request is one that may be answered.
func identify(ctx context.Context, by domain.Authenticator, h Handshake, request upgrade) (domain.Identity, error) {
	credentials, err := h.credentials(request)
	if err != nil {
		return domain.Identity{}, err
	}
	return by.Authenticate(ctx, credentials)
}

// reasoned adds to a log line why a client was refused.
func reasoned(logger RequestLogger, err error) RequestLogger {
	if refusal, ok := errors.AsType[*domain.Error](err); ok {
		logger.Logger = logger.Logger.With(slog.String("reason", refusal.Message))
	}
	return logger
}

// policy is an authorizer's answer for one connection. Everything in its context is text: what becomes of numbers on
// their way into events is nowhere documented for WebSocket APIs.
func policy(effect, resource string, who domain.Identity) events.APIGatewayCustomAuthorizerResponse {
	principal := who.User
	if principal == "" {
		principal = "anonymous"
	}
	values := map[string]any{contextUser: who.User, contextGrants: string(who.Grants)}
	if !who.ExpiresAt.IsZero() {
		values[contextExpires] = strconv.FormatInt(who.ExpiresAt.Unix(), 10)
	}
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version:   "2012-10-17",
			Statement: []events.IAMPolicyStatement{{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{resource}}},
		},
		Context: values,
	}
}
