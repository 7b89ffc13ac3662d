package client

import (
	"context"
	"strings"
	"time"
)

// connecting bounds an attempt to connect, the token included.
const connecting = 30 * time.Second

// dial opens a connection and learns who it is.
func (c *Client) dial(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	token, err := c.token(ctx)
	if err != nil {
		return nil, err
	}
	conn, source, err := shake(ctx, c.url, token, c.options)
	if err != nil {
		return nil, err
	}
	l := newLink(conn, source, c.options.Timeout, c.receive)
	if !c.spawn(func() { c.attend(l) }) {
		conn.Close()
		return nil, context.Cause(c.ctx)
	}
	f, err := l.ask(ctx, "hello", nil)
	if err == nil {
		err = f.decode(&l.welcome)
	}
	if err != nil {
		l.drop(err)
		return nil, err
	}
	return l, nil
}

// attend reads from a connection until it or the client ends.
func (c *Client) attend(l *link) {
	stop := context.AfterFunc(c.ctx, func() { l.drop(context.Cause(c.ctx)) })
	defer stop()
	l.read()
}

// token asks for a token, which must be one that a header can hold.
func (c *Client) token(ctx context.Context) (string, error) {
	if c.options.Token == nil {
		return "", nil
	}
	token, err := c.options.Token(ctx)
	if err != nil {
		return "", disconnected("there is no token", err)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", &Error{Code: CodeInvalidToken, Message: "the token has characters that no token has"}
	}
	return token, nil
}
