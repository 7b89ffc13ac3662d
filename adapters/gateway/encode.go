package gateway

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// encodeFrames writes a message as the service does: unmasked, in frames of at most size bytes.
func encodeFrames(op ws.OpCode, payload []byte, size int) []byte {
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

// closeFrame makes a close frame. A code that may not be sent, such as 1005, makes an empty one.
func closeFrame(c Close) []byte {
	var body []byte
	if c.Code != 0 && c.Code != closeNoStatus && c.Code != closeAbnormal {
		body = ws.NewCloseFrameBody(ws.StatusCode(c.Code), c.Reason)
	}
	return encodeFrames(ws.OpClose, body, -1)
}
