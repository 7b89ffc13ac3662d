package frames

import (
	"bytes"
	"io"
	"testing"

	"github.com/gobwas/ws"
)

// TestEncode: what is written can be read again, in as many frames as the size makes of it.
func TestEncode(t *testing.T) {
	for _, test := range []struct{ length, size, frames int }{
		{0, -1, 1}, {0, 10, 1}, {1, 0, 1}, {125, -1, 1}, {126, -1, 1}, {65535, -1, 1}, {65536, -1, 1},
		{10, 10, 1}, {11, 10, 2}, {100 << 10, 32 << 10, 4},
	} {
		payload := bytes.Repeat([]byte("x"), test.length)
		r := bytes.NewReader(Encode(ws.OpText, payload, test.size))
		var got []byte
		for i := range test.frames {
			f, err := readFrame(r)
			op, last := ws.OpText, i == test.frames-1
			if i > 0 {
				op = ws.OpContinuation
			}
			if err != nil || f.Header.Masked || f.Header.Fin != last || f.Header.OpCode != op {
				t.Errorf("%+v: frame %d is %+v, %v", test, i, f.Header, err)
			}
			got = append(got, f.Payload...)
		}
		if !bytes.Equal(got, payload) || r.Len() > 0 {
			t.Errorf("%+v: %d bytes came out, %d are left", test, len(got), r.Len())
		}
	}
}

func readFrame(r io.Reader) (ws.Frame, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return ws.Frame{}, err
	}
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

// TestEncodeClose: codes that only a program's own side knows are never sent (RFC 6455, section 7.4.1).
func TestEncodeClose(t *testing.T) {
	for code, want := range map[int]string{0: "", NoStatus: "", Abnormal: "", GoingAway: "\x03\xe9bye", 4000: "\x0f\xa0bye"} {
		f, err := readFrame(bytes.NewReader(EncodeClose(code, "bye")))
		if err != nil || f.Header.OpCode != ws.OpClose || string(f.Payload) != want {
			t.Errorf("EncodeClose(%d) has %q, %v", code, f.Payload, err)
		}
	}
}

func TestAcceptDeflate(t *testing.T) {
	for offer, want := range map[string]string{
		"":                   "",
		"x-webkit-deflate":   "",
		"permessage-deflate": "permessage-deflate",
		"permessage-deflate; client_max_window_bits":                           "permessage-deflate",
		"PerMessage-Deflate ; Server_Max_Window_Bits = \"12\"":                 "permessage-deflate;server_max_window_bits=12",
		"permessage-deflate; server_no_context_takeover":                       "permessage-deflate;server_no_context_takeover",
		"permessage-deflate; server_max_window_bits=16":                        "",
		"permessage-deflate; server_max_window_bits":                           "",
		"permessage-deflate; client_no_context_takeover=1":                     "",
		"permessage-deflate; client_max_window_bits; client_max_window_bits":   "",
		"permessage-deflate; unknown, permessage-deflate":                      "permessage-deflate",
		"permessage-deflate; client_max_window_bits=7, other":                  "",
		"other, permessage-deflate; client_max_window_bits=15, something else": "permessage-deflate",
	} {
		if got := AcceptDeflate([]string{offer}); got != want {
			t.Errorf("AcceptDeflate(%q) = %q, want %q", offer, got, want)
		}
	}
}
