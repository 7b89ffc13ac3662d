package frames

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// rules are those of API Gateway.
var rules = Rules{FrameBytes: 32 << 10, MessageBytes: 128 << 10, BadUTF8: BadData}

// readerOf reads what a client sent.
func readerOf(sent io.Reader) *Reader {
	r := &Reader{Rules: &rules, Control: func(ws.OpCode, []byte) {}}
	r.Start(sent, nil)
	return r
}

func masked(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrameWith(f, [4]byte{9, 8, 7, 6})) }

// What ends a connection, and with which code.
func TestFrameViolations(t *testing.T) {
	text := func(fin bool, s string) []byte { return masked(ws.NewFrame(ws.OpText, fin, []byte(s))) }
	rest := func(fin bool, s string) []byte { return masked(ws.NewFrame(ws.OpContinuation, fin, []byte(s))) }
	for name, c := range map[string]struct {
		sent []byte
		code int
	}{
		"not masked":                  {ws.MustCompileFrame(ws.NewTextFrame([]byte("x"))), ProtocolError},
		"reserved bit":                {masked(ws.Frame{Header: ws.Header{Fin: true, Rsv: 0b100, OpCode: ws.OpText}}), ProtocolError},
		"reserved kind":               {masked(ws.NewFrame(3, true, nil)), ProtocolError},
		"fragmented ping":             {masked(ws.NewFrame(ws.OpPing, false, nil)), ProtocolError},
		"ping of 126 bytes":           {masked(ws.NewFrame(ws.OpPing, true, make([]byte, 126))), ProtocolError},
		"continuation of nothing":     {rest(true, "x"), ProtocolError},
		"text within a text":          {append(text(false, "x"), text(true, "y")...), ProtocolError},
		"length with its highest bit": {[]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, ProtocolError},
		"frame of 2^62 bytes":         {[]byte{0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, TooBig},
		"binary":                      {masked(ws.NewBinaryFrame(nil)), Unsupported},
		"surrogate":                   {text(true, "\xed\xa0\x80"), BadData},
		"overlong":                    {text(true, "\xc0\xaf"), BadData},
		"bad text, found early":       {append(text(false, "ab\xff"), 0x80), BadData},
		"half a rune at the end":      {append(text(false, "\xe2\x82"), rest(true, "")...), BadData},
		"close with half a code":      {masked(ws.NewCloseFrame([]byte{3})), ProtocolError},
		"close with 1005":             {masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1005, ""))), ProtocolError},
		"close with 999":              {masked(ws.NewCloseFrame(ws.NewCloseFrameBody(999, ""))), ProtocolError},
		"close with 2999":             {masked(ws.NewCloseFrame(ws.NewCloseFrameBody(2999, ""))), ProtocolError},
		"close with a bad reason":     {masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "\xff"))), BadData},
	} {
		_, _, err := readerOf(bytes.NewReader(c.sent)).Next()
		var v Violation
		if !errors.As(err, &v) || v.Code != c.code {
			t.Errorf("%s: %v (%+v), want code %d", name, err, v, c.code)
		}
	}
}

func TestCloseFramesReceived(t *testing.T) {
	for _, want := range []Closed{{1005, ""}, {1000, "bye"}, {1001, ""}, {1012, ""}, {1014, ""}, {3000, "x"}, {4999, strings.Repeat("x", 123)}} {
		var body []byte
		if want.Code != NoStatus {
			body = ws.NewCloseFrameBody(ws.StatusCode(want.Code), want.Reason)
		}
		_, _, err := readerOf(bytes.NewReader(masked(ws.NewCloseFrame(body)))).Next()
		var got Closed
		if !errors.As(err, &got) || got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// Messages come out as they went in, however they were cut into frames, interrupted by pings, compressed, and read.
func TestFramesRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		compress := random.IntN(2) == 0
		sender := newSender(random, compress)
		var want []string
		for range 1 + random.IntN(5) {
			want = append(want, sender.send())
		}
		f := readerOf(&drip{random, sender.out.Bytes()})
		if compress {
			f.Inflater = new(Inflater)
		}
		for i, text := range want {
			op, got, err := f.Next()
			if err != nil || op != ws.OpText || string(got) != text {
				t.Fatalf("message %d, compressed %v: error %v, %d bytes, want %d", i, compress, err, len(got), len(text))
			}
		}
	}
}

// sender writes messages as a client may.
type sender struct {
	random *rand.Rand
	out    bytes.Buffer
	packed bytes.Buffer
	w      *flate.Writer // Nil: not compressed. It keeps its window from message to message.
}

func newSender(random *rand.Rand, compress bool) *sender {
	s := &sender{random: random}
	if compress {
		s.w, _ = flate.NewWriter(&s.packed, 1+random.IntN(9))
	}
	return s
}

func (s *sender) send() string {
	text := strings.Repeat("añ€𝄞 ", s.random.IntN(600)) + strings.Repeat("x", s.random.IntN(300))
	payload, rsv := []byte(text), byte(0)
	if s.w != nil && s.random.IntN(4) > 0 {
		s.packed.Reset()
		s.w.Write(payload)
		s.w.Flush()
		payload, rsv = bytes.TrimSuffix(bytes.Clone(s.packed.Bytes()), []byte{0, 0, 0xff, 0xff}), rsv1
	}
	for op := ws.OpText; ; op, rsv = ws.OpContinuation, 0 {
		n := s.random.IntN(len(payload) + 1)
		last := s.random.IntN(3) == 0
		if last {
			n = len(payload)
		}
		f := ws.NewFrame(op, last, payload[:n])
		f.Header.Rsv = rsv
		s.out.Write(masked(f))
		if payload = payload[n:]; last {
			return text
		}
		s.out.Write(masked(ws.NewPingFrame([]byte("p"))))
	}
}

// drip gives out a few bytes at a time.
type drip struct {
	random *rand.Rand
	left   []byte
}

func (d *drip) Read(p []byte) (int, error) {
	if len(d.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 1+d.random.IntN(1000))], d.left)
	d.left = d.left[n:]
	return n, nil
}

// A small message that inflates to much is refused before it takes memory.
func TestInflateBomb(t *testing.T) {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 9)
	w.Write(make([]byte, 5<<20))
	w.Flush()
	_, err := new(Inflater).inflate(packed.Bytes(), 128<<10)
	if v := (Violation{}); !errors.As(err, &v) || v.Code != TooBig {
		t.Errorf("error %v", err)
	}
	_, err = new(Inflater).inflate([]byte("no deflate stream"), 128<<10)
	if v := (Violation{}); !errors.As(err, &v) || v.Code != BadData {
		t.Errorf("error %v", err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(masked(ws.NewTextFrame([]byte("hello"))), false)
	f.Add(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "x"))), true)
	f.Fuzz(func(t *testing.T, sent []byte, compressed bool) {
		r := readerOf(bytes.NewReader(sent))
		if compressed {
			r.Inflater = new(Inflater)
		}
		for {
			if _, _, err := r.Next(); err != nil {
				return
			}
		}
	})
}
