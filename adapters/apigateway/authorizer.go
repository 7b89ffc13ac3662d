package apigateway

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

// Authorizer is a Lambda REQUEST authorizer for $connect.
type Authorizer func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error)

// errUnauthorized has the very text by which API Gateway answers the client with 401; any other error is 500.
// Source: AWS, "Output from an API Gateway Lambda authorizer".
var errUnauthorized = errors.New("Unauthorized")

// Authorize decides by an authenticator who may connect, and hands the identity on to all events of the connection.
// The client of a refused connection gets 401 for missing or bad credentials, 403 if it is known and may not.
func Authorize(by domain.Authenticator, logger *slog.Logger) Authorizer {
	return func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		started := time.Now()
		who, err := by.Authenticate(ctx, domain.Credentials{User: event.QueryStringParameters["user"]})
		in := events.APIGatewayWebsocketProxyRequestContext{RequestID: event.RequestContext.RequestID, RouteKey: "authorize"}
		record(ctx, logger, in, started, err)
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
