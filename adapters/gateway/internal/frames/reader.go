package frames

import (
	"errors"
	"io"

	"github.com/gobwas/ws"
)

// Rules say what a Reader accepts. Several readers may share them, as long as nobody changes them.
type Rules struct {
	// FrameBytes and MessageBytes bound the payload of a frame and of a message. A negative one is no limit.
	FrameBytes, MessageBytes int
	// BadUTF8 is the close code for text that is not UTF-8.
	BadUTF8 int
	// Binary accepts binary messages.
	Binary bool
	// CountCompressed applies FrameBytes to what was sent, not to what comes out of it as well.
	CountCompressed bool
}

// Reader reads the messages of one client. It holds no more memory than it needs while nothing arrives: a small buffer,
// and the window of a client that compresses. It is for one goroutine. Set the fields, then call Start.
type Reader struct {
	Rules *Rules
	// Inflater undoes compression. Nil unless permessage-deflate was negotiated.
	Inflater *Inflater
	// Control is called by Next for pings and pongs, whose payload is valid during the call only. Required.
	Control func(op ws.OpCode, payload []byte)

	in   source
	head [ws.MaxHeaderSize - 2]byte
}

// Start has the reader read from src, but before that what was read ahead already, during the handshake.
func (r *Reader) Start(src io.Reader, early []byte) {
	r.in.src = src
	r.in.unread(early)
}

// source is a buffered reader whose buffer is part of it.
type source struct {
	src  io.Reader
	r, w int16 // The unread part of buf.
	buf  [readBuffer]byte
}

// readBuffer is enough for most messages with one read; what is larger is read into the message itself.
const readBuffer = 256

// Read takes buffered bytes first. A large request bypasses the buffer.
func (s *source) Read(p []byte) (int, error) {
	if s.r == s.w {
		if len(p) >= readBuffer {
			return s.src.Read(p)
		}
		n, err := s.src.Read(s.buf[:])
		s.r, s.w = 0, int16(n)
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, s.buf[s.r:s.w])
	s.r += int16(n)
	return n, nil
}

// unread puts bytes before everything else.
func (s *source) unread(early []byte) {
	if len(early) > readBuffer {
		s.src = io.MultiReader(newBytesReader(early), s.src)
		return
	}
	s.w = int16(copy(s.buf[:], early))
}

// Next returns the next whole message. The error is a Violation, Closed, or that of src.
func (r *Reader) Next() (ws.OpCode, []byte, error) {
	var m message
	for {
		h, err := ws.ReadHeaderBuffer(&r.in, r.head[:0])
		if err != nil {
			return 0, nil, headerError(err)
		}
		if err := r.check(&h, &m); err != nil {
			return 0, nil, err
		}
		if h.OpCode.IsControl() {
			err = r.readControl(h)
		} else if err = r.readData(h, &m); err == nil && h.Fin {
			return r.finish(&m)
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// headerError tells a client that sends nonsense from one that is gone.
func headerError(err error) error {
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return Violation{ProtocolError, err.Error()}
	}
	return err
}

const rsv1 = 0b100

// check refuses a frame by its header alone, before a byte of its payload is read or memory is taken for it.
func (r *Reader) check(h *ws.Header, m *message) error {
	state := ws.StateServerSide
	if m.frames > 0 {
		state = state.Set(ws.StateFragmented)
	}
	first := h.OpCode == ws.OpText || h.OpCode == ws.OpBinary
	if r.Inflater != nil && first && h.Rsv1() {
		h.Rsv, m.compressed = h.Rsv&^rsv1, true
	}
	if err := ws.CheckHeader(*h, state); err != nil {
		return Violation{ProtocolError, err.Error()}
	}
	switch {
	case h.OpCode.IsControl():
		return nil
	case h.OpCode == ws.OpBinary && !r.Rules.Binary:
		return Violation{Unsupported, "binary message"}
	case r.Rules.FrameBytes >= 0 && h.Length > int64(r.Rules.FrameBytes):
		return Violation{TooBig, "frame too big"}
	case r.Rules.MessageBytes >= 0 && h.Length > int64(r.Rules.MessageBytes-len(m.data)):
		return Violation{TooBig, "message too big"}
	}
	return nil
}
