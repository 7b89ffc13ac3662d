package frames

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// Encode writes a message as a server does: unmasked, in frames of at most size bytes of payload. A size of 0 or less
// makes one frame of it.
func Encode(op ws.OpCode, payload []byte, size int) []byte {
	if size <= 0 {
		size = len(payload)
	}
	out := make([]byte, 0, len(payload)+4*(1+len(payload)/max(size, 1))+10)
	for first := true; first || len(payload) > 0; first = false {
		n := min(len(payload), size)
		out = appendHeader(out, op, n, n == len(payload))
		out = append(out, payload[:n]...)
		op, payload = ws.OpContinuation, payload[n:]
	}
	return out
}

func appendHeader(out []byte, op ws.OpCode, length int, fin bool) []byte {
	b := byte(op)
	if fin {
		b |= 0x80
	}
	switch {
	case length < 126:
		return append(out, b, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, b, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(out, b, 127), uint64(length))
}

// EncodeClose makes a close frame. A code that may not be sent, such as NoStatus, makes an empty one.
func EncodeClose(code int, reason string) []byte {
	var body []byte
	if code != 0 && code != NoStatus && code != Abnormal {
		body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	}
	return Encode(ws.OpClose, body, -1)
}
