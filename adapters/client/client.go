// Package client is a client of wsEcho: a connection that comes back by itself, and rooms whose messages arrive once and
// in order.
//
//	c, err := client.Dial(ctx, "wss://example.com/dev", client.Options{User: "ada"})
//	…
//	defer c.Close()
//	room, err := c.Join(ctx, "lobby")
//	…
//	go room.Say(ctx, map[string]string{"text": "hello"})
//	for message, err := range room.Messages(ctx) {
//		…
//	}
//
// What it keeps to: a room's messages come in the order of their numbers, each once, and none is left out; a gap is
// filled from history. What is lost at the end is found by ping. What was sent is repeated with the same key until it is
// acknowledged, on another connection too. docs/delivery.md says what the service promises, and what is left to clients.
//
// Errors are of type *Error, with the service's code or one of the client's own, or that of a context.
package client

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// Client is a connection to a stage that comes back by itself. All of its methods may be called concurrently.
type Client struct {
	url     string
	options Options
	ctx     context.Context // Ends with the client; its cause is what everything that waits fails with.
	end     context.CancelCauseFunc
	running sync.WaitGroup

	mu      sync.Mutex // Guards what follows.
	changed signal
	link    *link // In use; nil while there is none.
	welcome welcome
	rooms   map[string]*Room
	mine    map[string]bool // The ids of the connections that this client has had.
	seen    recent
}

// Dial connects to the URL of a stage, ws:// or wss://, and stays connected until Close: when a connection ends it opens
// another one, and shortly before a connection is to end, too. ctx is for this call alone, which makes one attempt.
//
// It fails with the code "unauthorized" or "forbidden" if the service does not want this client, and with retryable
// errors otherwise. Later such a refusal ends the client: everything that waits fails with it.
func Dial(ctx context.Context, target string, o Options) (*Client, error) {
	address, err := o.address(target)
	if err != nil {
		return nil, err
	}
	o.Timeout, o.Ping = cmp.Or(o.Timeout, 10*time.Second), cmp.Or(o.Ping, 30*time.Second)
	o.MaxWait = cmp.Or(o.MaxWait, lastWait)
	c := &Client{url: address, options: o, rooms: map[string]*Room{}, mine: map[string]bool{}}
	c.ctx, c.end = context.WithCancelCause(context.Background())
	l, err := c.dial(ctx)
	if err != nil {
		c.Close()
		return nil, err
	}
	c.adopt(l)
	c.spawn(func() { c.run(l) })
	return c, nil
}

// address is the URL to connect to.
func (o Options) address(target string) (string, error) {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return "", fmt.Errorf("%q is not the URL of a stage, such as wss://example.com/dev", target)
	}
	if o.User != "" {
		query := u.Query()
		query.Set("user", o.User)
		u.RawQuery = query.Encode()
	}
	return u.String(), nil
}

// Close ends the connection and everything that waits, with CodeClosed. When it returns no goroutine of the client is
// left, so none of its callbacks may call it.
func (c *Client) Close() {
	c.stop(&Error{Code: CodeClosed, Message: "the client is closed"})
	c.running.Wait()
}

// stop ends everything with an error, unless it has ended.
func (c *Client) stop(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(why)
}

// spawn runs a function that Close waits for; it tells whether it does, for it does not once the client has ended.
func (c *Client) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return false
	}
	c.running.Go(f)
	return true
}

// User is the name under which others see this client.
func (c *Client) User() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.welcome.User
}

// ConnectionID is the id of the connection in use, or of the last one; it changes with every reconnect.
func (c *Client) ConnectionID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.welcome.ConnectionID
}
