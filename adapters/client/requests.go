package client

import (
	"context"
	"encoding/json"
	"time"
)

// Request sends an action with fields, an extension's for example, and reads the answer into reply, a pointer as
// json.Unmarshal takes it; nil is for those that do not care. It waits for a connection, and asks once: whoever knows
// that the action may be repeated does so after errors that are Retryable.
func (c *Client) Request(ctx context.Context, action string, fields map[string]any, reply any) error {
	l, err := c.ready(ctx, nil)
	if err != nil {
		return err
	}
	f, err := l.ask(ctx, action, fields)
	if err == nil && reply != nil {
		err = f.decode(reply)
	}
	return err
}

// Recipient is whom to tell something: all connections of a user, or one connection.
type Recipient struct {
	User       string `json:"user,omitempty"`
	Connection string `json:"connection,omitempty"`
}

// Receipt tells what became of a message so far.
type Receipt struct {
	MessageID string
	// Sent are connections that got it, Gone those that were not there any more, and Failed those that could not take it.
	Sent, Gone, Failed int
	// Queued tells whether others will get it later.
	Queued bool
}

// Tell sends data, any JSON of up to 32 KB, to a user or a connection. It repeats it until it is acknowledged; see Say.
func (c *Client) Tell(ctx context.Context, to Recipient, data any) (r Receipt, err error) {
	err = c.obtain(ctx, keyed("tell", nil, map[string]any{"to": to, "data": data}), &r)
	return r, err
}

// Broadcast sends data, any JSON of up to 32 KB, to everybody else who is connected. It repeats it as Tell does.
func (c *Client) Broadcast(ctx context.Context, data any) (r Receipt, err error) {
	err = c.obtain(ctx, keyed("broadcast", nil, map[string]any{"data": data}), &r)
	return r, err
}

// Echoed is the answer to an echo.
type Echoed struct {
	Data       json.RawMessage
	Connection struct {
		ConnectionID, Stage, RequestID, User string
		ConnectedAt                          time.Time
	}
}

// Echo returns data and what the service knows of this connection. It asks until there is an answer.
func (c *Client) Echo(ctx context.Context, data any) (e Echoed, err error) {
	err = c.obtain(ctx, request{action: "echo", fields: map[string]any{"data": data}}, &e)
	return e, err
}

// Ping asks for a sign of life, once.
func (c *Client) Ping(ctx context.Context) error { return c.Request(ctx, "ping", nil, nil) }

// obtain asks until there is an answer, and reads it.
func (c *Client) obtain(ctx context.Context, q request, reply any) error {
	f, _, err := c.exchange(ctx, q)
	if err == nil {
		err = f.decode(reply)
	}
	return err
}
