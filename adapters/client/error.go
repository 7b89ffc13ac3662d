package client

import (
	"encoding/json"
	"errors"
	"time"
)

// The codes of errors that are the client's own; those of the service are in asyncapi.yaml.
const (
	// CodeTimeout means that no answer came in time. What was asked may or may not have been done.
	CodeTimeout = "timeout"
	// CodeDisconnected means that there is no connection, or that it ended before the answer came.
	CodeDisconnected = "disconnected"
	// CodeClosed means that the client was closed, or the room left.
	CodeClosed = "closed"
	// CodeInvalidToken means that a token cannot be sent, which the error does not repeat.
	CodeInvalidToken = "invalid_token"
)

// Error is a refusal of the service, or what kept a request from being answered.
type Error struct {
	// Code is one of the service's closed set, such as "forbidden", or one of the client's own. Programs may branch on it.
	Code string `json:"code"`
	// Message is a sentence for people.
	Message string `json:"message"`
	// Retryable tells whether the same request may succeed later without any change.
	Retryable bool `json:"retryable"`
	// Details are for programs, a JSON object whose names asyncapi.yaml has with the codes; nil if there are none.
	Details json.RawMessage `json:"details"`
	// RequestID names the request in the service's log.
	RequestID string `json:"requestId"`

	cause  error
	unsent bool // The request did not reach the connection.
}

// Error is the code and the sentence.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns what went wrong on this side, such as an error of the network; nil for a refusal.
func (e *Error) Unwrap() error { return e.cause }

// RetryAfter is how long the service wants a client to wait that was refused as "rate_limited"; 0 if it does not say.
func (e *Error) RetryAfter() time.Duration {
	var details struct{ RetryAfterMs float64 }
	_ = json.Unmarshal(e.Details, &details)
	return max(0, time.Duration(details.RetryAfterMs*float64(time.Millisecond)))
}

// CodeOf is the code of an Error in err's chain; empty if there is none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// disconnected says that a connection ended or could not be had.
func disconnected(what string, cause error) *Error {
	if cause != nil {
		what += ": " + cause.Error()
	}
	return &Error{Code: CodeDisconnected, Message: what, Retryable: true, cause: cause}
}

// final tells whether an attempt to connect was refused in a way that another attempt does not change.
func final(err error) bool {
	code := CodeOf(err)
	return code == "unauthorized" || code == "forbidden"
}
