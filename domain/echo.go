package domain

import "encoding/json"

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
