package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// socket is a WebSocket that does only what it is told to.
type socket struct {
	net.Conn
	in *bufio.Reader
	mu sync.Mutex // Held by whoever writes.
}

// open connects with a token.
func open(ctx context.Context, url, token string) (*socket, error) {
	dialer := ws.Dialer{Timeout: patience, Header: ws.HandshakeHeaderHTTP(http.Header{"Authorization": {"Bearer " + token}})}
	conn, in, _, err := dialer.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	if in == nil {
		in = bufio.NewReader(conn)
	}
	return &socket{Conn: conn, in: in}, nil
}

// send sends a frame as it is, but for the mask.
func (s *socket) send(f ws.Frame) error {
	var b bytes.Buffer
	if err := ws.WriteFrame(&b, ws.MaskFrame(f)); err != nil {
		return err
	}
	return s.raw(b.Bytes())
}

// raw sends bytes.
func (s *socket) raw(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.SetWriteDeadline(time.Now().Add(patience))
	_, err := s.Write(b)
	return err
}

// receive returns the next text message.
func (s *socket) receive() ([]byte, error) {
	var text []byte
	for {
		h, err := ws.ReadHeader(s.in)
		if err != nil {
			return nil, err
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(s.in, payload); err != nil {
			return nil, err
		}
		switch h.OpCode {
		case ws.OpPing:
			err = s.send(ws.NewPongFrame(payload))
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			err = fmt.Errorf("closed with %d %q", code, reason)
		case ws.OpText, ws.OpContinuation:
			if text = append(text, payload...); h.Fin {
				return text, nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// hangUp closes the connection as a client does that says goodbye.
func (s *socket) hangUp() {
	_ = s.send(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	s.Close()
}
