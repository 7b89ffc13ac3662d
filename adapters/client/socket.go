package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	// protocol is the subprotocol that every connection offers.
	protocol = "wsecho.v1"
	// maxFrame is the largest frame that API Gateway takes; a larger one closes the connection with 1009.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
	maxFrame = 32 << 10
	// maxSent is the largest message that API Gateway takes, in several frames; see the same table.
	maxSent = 128 << 10
	// maxReceived bounds what a connection may bring as one message. API Gateway posts 128 KB at most.
	maxReceived = 1 << 20
)

// shake opens a WebSocket. The error of a refusal has the code that belongs to its status.
func shake(ctx context.Context, url, token string, o Options) (net.Conn, io.Reader, error) {
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	dialer := ws.Dialer{Protocols: []string{protocol}, Header: ws.HandshakeHeaderHTTP(header), NetDial: o.NetDial, TLSConfig: o.TLS}
	conn, buffered, _, err := dialer.Dial(ctx, url)
	if status, refused := errors.AsType[ws.StatusError](err); refused {
		return nil, nil, refusedWith(int(status))
	}
	if err != nil {
		return nil, nil, disconnected("the connection could not be opened", err)
	}
	if buffered == nil {
		buffered = bufio.NewReader(conn)
	}
	return conn, buffered, nil
}

// refusedWith is what the status of a refused handshake means; see asyncapi.yaml.
func refusedWith(status int) *Error {
	e := &Error{Code: CodeDisconnected, Message: fmt.Sprintf("the handshake was answered %d %s", status, http.StatusText(status))}
	switch status {
	case http.StatusUnauthorized:
		e.Code = "unauthorized"
	case http.StatusForbidden:
		e.Code = "forbidden"
	case http.StatusTooManyRequests:
		e.Code, e.Retryable = "rate_limited", true
	default:
		e.Retryable = true
	}
	return e
}

// frames are the masked frames of a text message, none larger than API Gateway takes.
func frames(text []byte) []byte {
	var all []byte
	for op := ws.OpText; ; op = ws.OpContinuation {
		n := min(maxFrame, len(text))
		all = append(all, compiled(ws.NewFrame(op, n == len(text), text[:n]))...)
		if text = text[n:]; len(text) == 0 {
			return all
		}
	}
}

// compiled is a frame with a mask, as RFC 6455, 5.3 asks of clients.
func compiled(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }

// incoming reads text messages. Control frames, which may come within a message, go to control, whose error ends it.
type incoming struct {
	reader  wsutil.Reader
	control func(op ws.OpCode, payload []byte) error
}

func newIncoming(source io.Reader, control func(ws.OpCode, []byte) error) *incoming {
	in := &incoming{control: control}
	in.reader = wsutil.Reader{
		Source: source, State: ws.StateClientSide, CheckUTF8: true, MaxMessageSize: maxReceived, OnIntermediate: in.between,
	}
	return in
}

// next returns the next text message.
func (in *incoming) next() ([]byte, error) {
	for {
		header, err := in.reader.NextFrame()
		switch {
		case err != nil:
			return nil, err
		case header.OpCode.IsControl():
			err = in.between(header, &in.reader)
		case header.OpCode == ws.OpText:
			return io.ReadAll(&in.reader)
		default:
			err = fmt.Errorf("a frame of kind %#x came, want text", header.OpCode)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (in *incoming) between(header ws.Header, r io.Reader) error {
	payload, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return in.control(header.OpCode, payload)
}
