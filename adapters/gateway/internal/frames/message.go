package frames

import (
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// message is a message under construction.
type message struct {
	op         ws.OpCode
	data       []byte
	checked    int // How much of data is known to be UTF-8.
	frames     int
	compressed bool
}

// readData appends the payload of a frame to the message. Text is checked as it arrives, so that bad text is refused
// before its frame ends.
func (r *Reader) readData(h ws.Header, m *message) error {
	if m.frames++; m.frames == 1 {
		m.op = h.OpCode
	}
	for offset, left := 0, h.Length; left > 0; {
		n := int(min(left, chunk))
		m.data = grow(m.data, n)
		got, err := r.in.Read(m.data[len(m.data) : len(m.data)+n])
		if got == 0 && err != nil {
			return err
		}
		part := m.data[len(m.data) : len(m.data)+got]
		ws.Cipher(part, h.Mask, offset)
		m.data = m.data[:len(m.data)+got]
		offset, left = offset+got, left-int64(got)
		if m.op == ws.OpText && !m.compressed && !m.advance(false) {
			return Violation{r.Rules.BadUTF8, "malformed UTF-8"}
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
func (r *Reader) finish(m *message) (ws.OpCode, []byte, error) {
	if m.compressed {
		data, err := r.Inflater.inflate(m.data, r.inflateLimit(m))
		if err != nil {
			return 0, nil, err
		}
		m.data = data
	}
	if m.op == ws.OpText && !m.advance(true) {
		return 0, nil, Violation{r.Rules.BadUTF8, "malformed UTF-8"}
	}
	return m.op, m.data, nil
}

// inflateLimit is the limit of a frame where the message is one frame, and that of a message where it is several:
// nobody can tell which part of what came out belongs to which frame.
func (r *Reader) inflateLimit(m *message) int {
	frame, message := r.Rules.FrameBytes, r.Rules.MessageBytes
	if m.frames > 1 || r.Rules.CountCompressed || frame < 0 {
		return message
	}
	if message < 0 {
		return frame
	}
	return min(frame, message)
}
