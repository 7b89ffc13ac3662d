package apigateway

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

// Handler serves the events of API Gateway's Lambda integrations: pass it to lambda.Start. Handlers are safe for
// concurrent use.
type Handler func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)

// Action does what a client asked for in a message.
type Action func(context.Context, Request) (Reply, error)

// Messages handles the routes of messages: each by the action that is registered for its route key.
//
// A client gets a frame for every message: the action's reply or a refusal. The Lambda itself fails only if API
// Gateway invokes it for a route that it does not have.
func Messages(actions map[string]Action, logger RequestLogger) Handler {
	return func(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		in := event.RequestContext
		action, ok := actions[in.RouteKey]
		if !ok {
			return events.APIGatewayProxyResponse{}, unexpectedRoute(in.RouteKey)
		}
		started := time.Now()
		request := Request{Caller: callerOf(in)}
		text, err := answer(ctx, action, &request, event.Body)
		logger.log(ctx, in, started, err)
		if err != nil {
			text, err = refusal(domain.Refusal(err), request.Caller).frame(request.ID)
		}
		return respond(text), err
	}
}

type unexpectedRoute string

func (r unexpectedRoute) Error() string { return "this function does not serve the route " + string(r) }

// answer runs an action on the text of a message and encodes its reply.
func answer(ctx context.Context, action Action, request *Request, body string) ([]byte, error) {
	err := request.parse(body)
	if ends := request.Caller.TokenEnds; !ends.IsZero() && time.Now().After(ends) {
		return nil, &domain.Error{Code: domain.TokenExpired, Message: "your token has expired; connect again with a new one"}
	}
	if err != nil {
		return nil, err
	}
	reply, err := action(ctx, *request)
	if err != nil {
		return nil, err
	}
	return reply.frame(request.ID)
}

// Connect handles $connect. The client's upgrade succeeds with the response and is refused with its status: 401,
// 403, 429, 503 or 500.
func Connect(uc domain.Connector, logger RequestLogger) Handler {
	return func(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		in := event.RequestContext
		started := time.Now()
		err := uc.Connect(ctx, in.ConnectionID, time.UnixMilli(in.ConnectedAt), identityOf(in))
		logger.log(ctx, in, started, err)
		if err != nil {
			return events.APIGatewayProxyResponse{StatusCode: status(domain.Refusal(err).Code)}, nil
		}
		response := events.APIGatewayProxyResponse{StatusCode: http.StatusOK}
		if offers(headers(event.Headers, event.MultiValueHeaders, "Sec-WebSocket-Protocol")) {
			response.Headers = map[string]string{"Sec-WebSocket-Protocol": subprotocol}
		}
		return response, nil
	}
}

// Disconnect handles $disconnect. Nobody reads its response; an error shows in the function's metrics.
func Disconnect(uc domain.Closer, logger RequestLogger) Handler {
	return func(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		started := time.Now()
		err := uc.Close(ctx, event.RequestContext.ConnectionID)
		logger.log(ctx, event.RequestContext, started, err)
		return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, err
	}
}

// status is the HTTP form of a refusal.
func status(code domain.Code) int {
	switch code {
	case domain.Unauthorized:
		return http.StatusUnauthorized
	case domain.Forbidden:
		return http.StatusForbidden
	case domain.LimitExceeded, domain.RateLimited:
		return http.StatusTooManyRequests
	case domain.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
