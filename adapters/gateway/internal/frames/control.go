package frames

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/gobwas/ws"
)

// readControl handles a control frame, which may come between the frames of a message.
func (r *Reader) readControl(h ws.Header) error {
	var buf [ws.MaxControlFramePayloadSize]byte
	payload := buf[:h.Length]
	if _, err := io.ReadFull(&r.in, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	if h.OpCode == ws.OpClose {
		return parseClose(payload)
	}
	r.Control(h.OpCode, payload)
	return nil
}

// parseClose returns what a client's close frame says, or what is wrong with it (RFC 6455, section 7.4).
func parseClose(payload []byte) error {
	switch len(payload) {
	case 0:
		return Closed{Code: NoStatus}
	case 1:
		return Violation{ProtocolError, "close frame with half a code"}
	}
	code, reason := binary.BigEndian.Uint16(payload), string(payload[2:])
	err := ws.CheckCloseFrameData(ws.StatusCode(code), reason)
	switch {
	case errors.Is(err, ws.ErrProtocolInvalidUTF8):
		return Violation{BadData, err.Error()}
	case err != nil && !registered(code):
		return Violation{ProtocolError, err.Error()}
	}
	return Closed{int(code), reason}
}

// registered codes of the IANA registry are newer than RFC 6455.
// https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
func registered(code uint16) bool { return code >= 1012 && code <= 1014 }
