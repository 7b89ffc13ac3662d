package lambdaruntime

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Error is a function error: what Lambda returns when a function fails, exits or takes too long.
type Error struct {
	// Type is Lambda's errorType: the function's own, or one such as Runtime.ExitError, Sandbox.Timedout,
	// Function.ResponseSizeTooLarge or TooManyRequestsException.
	Type string
	// Message is Lambda's errorMessage.
	Message string
	// Payload is the JSON that the function reported, if it did: there may be a stack trace in it.
	Payload []byte
}

// Error returns the errorMessage and nothing else: API Gateway compares that of an authorizer with "Unauthorized".
func (e *Error) Error() string { return e.Message }

// ErrClosed is returned by Invoke and Init when the pool is closed.
var ErrClosed = errors.New("lambdaruntime: the pool is closed")

// reported is the error that a runtime posted. typ is that of its header, which counts if the body has none.
func reported(body []byte, typ string) *Error {
	var parsed struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		parsed.Message = string(body)
	}
	if parsed.Type == "" {
		parsed.Type = typ
	}
	return &Error{Type: parsed.Type, Message: parsed.Message, Payload: body}
}

func throttled() *Error { return &Error{Type: "TooManyRequestsException", Message: "Rate Exceeded."} }

// eventTooLarge is what Lambda's API answers to an event over the quota.
func eventTooLarge(size int) *Error {
	return &Error{Type: "RequestEntityTooLargeException", Message: fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", size, maxEvent)}
}

func tooLarge() *Error {
	return &Error{Type: "Function.ResponseSizeTooLarge", Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxAnswer)}
}

func timedOut(id string, limit time.Duration) *Error {
	return &Error{Type: "Sandbox.Timedout", Message: fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, limit.Seconds())}
}

// exited is the error of an event whose process ended. status is nil for exit status 0.
func exited(id string, status error) *Error {
	if status == nil {
		return &Error{Type: "Runtime.ExitError", Message: "RequestId: " + id + " Error: Runtime exited without providing a reason"}
	}
	return &Error{Type: "Runtime.ExitError", Message: "RequestId: " + id + " Error: Runtime exited with error: " + status.Error()}
}
