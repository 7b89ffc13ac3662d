package gateway

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Close codes of RFC 6455, section 7.4.1, that API Gateway uses or reports.
const (
	closeNormal      = 1000
	closeGoingAway   = 1001
	closeProtocol    = 1002
	closeUnsupported = 1003
	closeNoStatus    = 1005
	closeAbnormal    = 1006
	closeBadData     = 1007
	closePolicy      = 1008
	closeTooBig      = 1009
)

// violation is an error of the client for which the connection is closed with a code.
type violation struct {
	code int
	why  string
}

func (v violation) Error() string { return v.why }

// received is the error of a reader that got a close frame.
type received struct{ Close }

func (received) Error() string { return "close frame" }

// framing says what a reader accepts.
type framing struct {
	frameBytes, messageBytes int  // Negative: no limit.
	badUTF8                  int  // The close code for it.
	binary                   bool // API Gateway refuses binary messages.
	countCompressed          bool // The limit of a frame is for bytes as sent only.
}

// frames reads messages off a connection. It holds no more memory than it needs while nothing arrives: a small buffer,
// and the window of a client that compresses.
type frames struct {
	src     io.Reader
	rules   *framing
	deflate *inflater // Nil unless permessage-deflate was negotiated.
	// control is called for pings and pongs, whose payload is valid during the call only.
	control func(op ws.OpCode, payload []byte)

	r, w int16 // The unread part of buf.
	head [ws.MaxHeaderSize - 2]byte
	buf  [readBuffer]byte
}

// readBuffer is enough for most messages with one read; what is larger is read into the message itself.
const readBuffer = 256

// Read takes buffered bytes first. A large request bypasses the buffer.
func (f *frames) Read(p []byte) (int, error) {
	if f.r == f.w {
		if len(p) >= readBuffer {
			return f.src.Read(p)
		}
		n, err := f.src.Read(f.buf[:])
		f.r, f.w = 0, int16(n)
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, f.buf[f.r:f.w])
	f.r += int16(n)
	return n, nil
}

// unread puts bytes that were read ahead, during the handshake, before everything else.
func (f *frames) unread(early []byte) {
	if len(early) > readBuffer {
		f.src = io.MultiReader(newBytesReader(early), f.src)
		return
	}
	f.w = int16(copy(f.buf[:], early))
}

// message is a message under construction.
type message struct {
	op         ws.OpCode
	data       []byte
	checked    int // How much of data is known to be UTF-8.
	frames     int
	compressed bool
}

// next returns the next whole message. Errors are violation, received, or those of the network.
func (f *frames) next() (ws.OpCode, []byte, error) {
	var m message
	for {
		h, err := ws.ReadHeaderBuffer(f, f.head[:0])
		if err != nil {
			return 0, nil, headerError(err)
		}
		if err := f.check(&h, &m); err != nil {
			return 0, nil, err
		}
		if h.OpCode.IsControl() {
			err = f.readControl(h)
		} else if err = f.readData(h, &m); err == nil && h.Fin {
			return f.finish(&m)
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// headerError tells a client that sends nonsense from one that is gone.
func headerError(err error) error {
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return violation{closeProtocol, err.Error()}
	}
	return err
}

// check refuses a frame by its header alone, before a byte of its payload is read or memory is taken for it.
func (f *frames) check(h *ws.Header, m *message) error {
	state := ws.StateServerSide
	if m.frames > 0 {
		state = state.Set(ws.StateFragmented)
	}
	first := h.OpCode == ws.OpText || h.OpCode == ws.OpBinary
	if f.deflate != nil && first && h.Rsv1() {
		h.Rsv, m.compressed = h.Rsv&^rsv1, true
	}
	if err := ws.CheckHeader(*h, state); err != nil {
		return violation{closeProtocol, err.Error()}
	}
	switch {
	case h.OpCode.IsControl():
		return nil
	case h.OpCode == ws.OpBinary && !f.rules.binary:
		return violation{closeUnsupported, "binary message"}
	case f.rules.frameBytes >= 0 && h.Length > int64(f.rules.frameBytes):
		return violation{closeTooBig, "frame too big"}
	case f.rules.messageBytes >= 0 && h.Length > int64(f.rules.messageBytes-len(m.data)):
		return violation{closeTooBig, "message too big"}
	}
	return nil
}

const rsv1 = 0b100

// readData appends the payload of a frame to the message. Text is checked as it arrives, so that bad text is refused
// before its frame ends.
func (f *frames) readData(h ws.Header, m *message) error {
	if m.frames++; m.frames == 1 {
		m.op = h.OpCode
	}
	for offset, left := 0, h.Length; left > 0; {
		n := int(min(left, chunk))
		m.data = grow(m.data, n)
		got, err := f.Read(m.data[len(m.data) : len(m.data)+n])
		if got == 0 && err != nil {
			return err
		}
		part := m.data[len(m.data) : len(m.data)+got]
		ws.Cipher(part, h.Mask, offset)
		m.data = m.data[:len(m.data)+got]
		offset, left = offset+got, left-int64(got)
		if m.op == ws.OpText && !m.compressed && !m.advance(false) {
			return violation{f.rules.badUTF8, "malformed UTF-8"}
		}
	}
	return nil
}

// chunk is how much memory a client gets on its word alone.
const chunk = 32 << 10

// grow makes room for n more bytes.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	bigger := make([]byte, len(b), max(len(b)+n, 2*cap(b)))
	copy(bigger, b)
	return bigger
}

// advance checks what was not checked yet. Unless it is the end, the last rune may be incomplete.
func (m *message) advance(end bool) bool {
	rest := m.data[m.checked:]
	if !end {
		rest = rest[:wholeRunes(rest)]
	}
	m.checked += len(rest)
	return utf8.Valid(rest)
}

// wholeRunes returns how much of b is left without an incomplete rune at its end. Bytes that can't become a rune count
// as whole, so that they are found at once.
func wholeRunes(b []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if tail := b[len(b)-back:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return len(b) - back
			}
			break
		}
	}
	return len(b)
}

// finish inflates a compressed message and checks the end of a text.
func (f *frames) finish(m *message) (ws.OpCode, []byte, error) {
	if m.compressed {
		data, err := f.deflate.inflate(m.data, f.inflateLimit(m))
		if err != nil {
			return 0, nil, err
		}
		m.data = data
	}
	if m.op == ws.OpText && !m.advance(true) {
		return 0, nil, violation{f.rules.badUTF8, "malformed UTF-8"}
	}
	return m.op, m.data, nil
}

// inflateLimit is the limit of a frame where the message is one frame, and that of a message where it is several:
// nobody can tell which part of what came out belongs to which frame.
func (f *frames) inflateLimit(m *message) int {
	frame, message := f.rules.frameBytes, f.rules.messageBytes
	if m.frames > 1 || f.rules.countCompressed || frame < 0 {
		return message
	}
	if message < 0 {
		return frame
	}
	return min(frame, message)
}

// readControl handles a control frame, which may come between the frames of a message.
func (f *frames) readControl(h ws.Header) error {
	var buf [ws.MaxControlFramePayloadSize]byte
	payload := buf[:h.Length]
	if _, err := io.ReadFull(f, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	if h.OpCode == ws.OpClose {
		return parseClose(payload)
	}
	f.control(h.OpCode, payload)
	return nil
}

// parseClose returns what a client's close frame says, or what is wrong with it (RFC 6455, section 7.4).
func parseClose(payload []byte) error {
	switch len(payload) {
	case 0:
		return received{Close{Code: closeNoStatus}}
	case 1:
		return violation{closeProtocol, "close frame with half a code"}
	}
	code, reason := binary.BigEndian.Uint16(payload), string(payload[2:])
	err := ws.CheckCloseFrameData(ws.StatusCode(code), reason)
	switch {
	case errors.Is(err, ws.ErrProtocolInvalidUTF8):
		return violation{closeBadData, err.Error()}
	case err != nil && !registered(code):
		return violation{closeProtocol, err.Error()}
	}
	return received{Close{int(code), reason}}
}

// registered codes of the IANA registry are newer than RFC 6455.
func registered(code uint16) bool { return code >= 1012 && code <= 1014 }
