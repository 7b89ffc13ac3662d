package apigateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// Invoke handles an event as API Gateway sends it and returns the response as API Gateway reads it. It makes a Handler
// one of lambda.Start's, which would decode events itself otherwise: an event has thirty members, of which handlers
// look at eight, and reading those alone takes half the time. The local gateway calls it as well, so both read
// events with the same code.
func (h Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := decodeEvent(payload)
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	response, err := h(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(response)
}

// decodeEvent reads of an event what handlers look at. Names are compared exactly, unlike encoding/json does it.
func decodeEvent(payload []byte) (e events.APIGatewayWebsocketProxyRequest, err error) {
	if !json.Valid(payload) {
		return e, errors.New("it is not JSON")
	}
	err = decodeObject(bytes.TrimSpace(payload), func(name string, value []byte) error {
		switch name {
		case "requestContext":
			return decodeContext(value, &e.RequestContext)
		case "body":
			return decodeString(value, &e.Body)
		case "headers":
			return json.Unmarshal(value, &e.Headers)
		case "multiValueHeaders":
			return json.Unmarshal(value, &e.MultiValueHeaders)
		}
		return nil
	})
	return e, err
}

func decodeContext(object []byte, in *events.APIGatewayWebsocketProxyRequestContext) error {
	return decodeObject(object, func(name string, value []byte) error {
		switch name {
		case "routeKey":
			return decodeString(value, &in.RouteKey)
		case "connectionId":
			return decodeString(value, &in.ConnectionID)
		case "requestId":
			return decodeString(value, &in.RequestID)
		case "stage":
			return decodeString(value, &in.Stage)
		case "connectedAt":
			return json.Unmarshal(value, &in.ConnectedAt)
		case "authorizer":
			authorizer, err := decodeAuthorizer(value)
			in.Authorizer = authorizer
			return err
		}
		return nil
	})
}

// decodeAuthorizer reads what an authorizer handed on, which is text for the most part.
func decodeAuthorizer(value []byte) (any, error) {
	if value[0] != '{' {
		var other any
		err := json.Unmarshal(value, &other)
		return other, err
	}
	values := map[string]any{}
	err := decodeObject(value, func(name string, value []byte) error {
		if value[0] == '"' {
			values[name] = unquote(value)
			return nil
		}
		var other any
		err := json.Unmarshal(value, &other)
		values[name] = other
		return err
	})
	return values, err
}

// decodeObject hands over the members of a valid object, or none of null.
func decodeObject(object []byte, member func(name string, value []byte) error) error {
	switch {
	case string(object) == "null":
		return nil
	case object[0] != '{':
		return fmt.Errorf("%.20s where an object should be", object)
	}
	for quoted, value := range members(object) {
		name := unquote(quoted)
		if err := member(name, value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// decodeString reads a valid string. Null changes nothing, as with encoding/json.
func decodeString(value []byte, into *string) error {
	switch {
	case string(value) == "null":
		return nil
	case value[0] != '"':
		return fmt.Errorf("%.20s where a string should be", value)
	}
	*into = unquote(value)
	return nil
}
