package domain

import "errors"

// What the ports report. Adapters translate the errors of their technology into these; anything else is a fault of
// unknown kind.
var (
	// ErrNotConnected means that the registry has no such connection.
	ErrNotConnected = errors.New("not connected")
	// ErrChanged means that a connection changed since it was read.
	ErrChanged = errors.New("the connection has changed since it was read")
	// ErrLimit means that a connection is in as many audiences as it may be.
	ErrLimit = errors.New("in too many audiences")
	// ErrUnavailable means that the other side did not do it or did not say; trying again later may help.
	ErrUnavailable = errors.New("not available at the moment")
)

// Code tells a client what kind of error it got. The set is closed: clients may branch on it.
type Code string

// The codes. Each use case says which of them it answers.
const (
	BadRequest            Code = "bad_request"
	InvalidJSON           Code = "invalid_json"
	UnknownAction         Code = "unknown_action"
	PayloadTooLarge       Code = "payload_too_large"
	Unauthorized          Code = "unauthorized"
	TokenExpired          Code = "token_expired"
	Forbidden             Code = "forbidden"
	NotAMember            Code = "not_a_member"
	RecipientNotFound     Code = "recipient_not_found"
	RateLimited           Code = "rate_limited"
	LimitExceeded         Code = "limit_exceeded"
	Conflict              Code = "conflict"
	UnrecoverablePosition Code = "unrecoverable_position"
	ConnectionClosed      Code = "connection_closed"
	Unavailable           Code = "unavailable"
	Internal              Code = "internal"
)

// Retryable tells a client whether sending the same again may succeed without changing anything.
func (c Code) Retryable() bool { return c == RateLimited || c == Unavailable }

// Error is a refusal meant for the client: a code and a sentence that helps it. Whatever is no Error is a fault of
// ours, whose text never reaches a client.
type Error struct {
	Code    Code
	Message string
	// Details are for programs; each use case says which names it uses. Nil is none.
	Details map[string]any
}

// Error returns the sentence.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Refusal turns any error of a use case into what its client may know: an Error as it is, a port's ErrNotConnected
// or ErrUnavailable as the code that says so, and everything else as internal.
func Refusal(err error) *Error {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal
	}
	switch {
	case errors.Is(err, ErrNotConnected):
		return &Error{Code: ConnectionClosed, Message: "this connection is closed or has expired; connect again"}
	case errors.Is(err, ErrUnavailable):
		return &Error{Code: Unavailable, Message: "the service cannot do this at the moment; try again in a second"}
	}
	return &Error{Code: Internal, Message: "something went wrong on our side; quote the requestId when you report it"}
}
