package domain

import (
	"encoding/json"
	"time"
)

// Caller is the connection that a request came from, and what is known of the request.
type Caller struct {
	Connection
	// TokenEnds is when the caller's identity ends; zero is never.
	TokenEnds time.Time
	// Grants are what the caller's identity may do; see Policy.
	Grants Grants
	// Stage and RequestID are API Gateway's.
	Stage     string
	RequestID string
}

// Info is what a connection is told of itself.
type Info struct {
	ConnectionID string `json:"connectionId"`
	ConnectedAt  string `json:"connectedAt"`
	Stage        string `json:"stage"`
	RequestID    string `json:"requestId"`
	User         string `json:"user"`
}

// Echoed is the answer to an echo.
type Echoed struct {
	Data       json.RawMessage `json:"data,omitempty"`
	Connection Info            `json:"connection"`
}

// Echo answers a caller with its own data, if any, and its WebSocket information.
func Echo(from Caller, data json.RawMessage) Echoed {
	return Echoed{Data: data, Connection: Info{
		ConnectionID: from.ID,
		ConnectedAt:  Timestamp(from.ConnectedAt),
		Stage:        from.Stage,
		RequestID:    from.RequestID,
		User:         from.Name(),
	}}
}

// Timestamp writes a time as clients get it: RFC 3339, UTC, milliseconds.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
