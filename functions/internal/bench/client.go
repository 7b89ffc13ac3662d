package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// connecting bounds a handshake.
const connecting = 30 * time.Second

// client is a WebSocket client that spares the processor for the server.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	buffer []byte
}

// dial opens a connection to a URL like ws://127.0.0.1:8080/dev.
func dial(ctx context.Context, target string) (*client, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: connecting}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, reader: bufio.NewReaderSize(conn, 1024)}
	if err := c.upgrade(u); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) upgrade(u *url.URL) error {
	c.conn.SetDeadline(time.Now().Add(connecting))
	defer c.conn.SetDeadline(time.Time{})
	fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", u.RequestURI(), u.Host, handshakeKey())
	response, err := http.ReadResponse(c.reader, nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the handshake was answered %s", response.Status)
	}
	return err
}

// handshakeKey is a new one for each connection, as RFC 6455 (4.1) has it: serverless-offline tells them apart by it.
func handshakeKey() string {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // It never fails.
	return base64.StdEncoding.EncodeToString(key)
}

// message makes the frame of a text message.
func message(text string) []byte {
	return ws.MustCompileFrame(ws.MaskFrameWith(ws.NewTextFrame([]byte(text)), [4]byte{1, 2, 3, 4}))
}

func (c *client) send(frame []byte) error {
	_, err := c.conn.Write(frame)
	return err
}

// receive returns the next message, which is valid until the next call.
func (c *client) receive() ([]byte, error) {
	c.buffer = c.buffer[:0]
	for {
		header, err := ws.ReadHeader(c.reader)
		if err != nil {
			return nil, err
		}
		if header.OpCode != ws.OpText && header.OpCode != ws.OpContinuation {
			return nil, fmt.Errorf("received a frame of kind %#x, want text", header.OpCode)
		}
		read := len(c.buffer)
		c.buffer = append(c.buffer, make([]byte, header.Length)...)
		if _, err := io.ReadFull(c.reader, c.buffer[read:]); err != nil {
			return nil, err
		}
		if header.Fin {
			return c.buffer, nil
		}
	}
}

// dialAll opens a number of connections, twenty at a time.
func dialAll(ctx context.Context, target string, n int) ([]*client, error) {
	clients := make([]*client, n)
	err := together(20, n, func(i int) (err error) {
		clients[i], err = dial(ctx, target)
		return err
	})
	return clients, err
}

// together calls f for 0 to n-1, up to so many at a time, and returns one of the errors.
func together(workers, n int, f func(i int) error) (failure error) {
	var mu sync.Mutex
	var running sync.WaitGroup
	next := 0
	for range min(workers, n) {
		running.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				ended := i >= n || failure != nil
				mu.Unlock()
				if ended {
					return
				}
				if err := f(i); err != nil {
					mu.Lock()
					failure = err
					mu.Unlock()
				}
			}
		})
	}
	running.Wait()
	return failure
}
