package gateway

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"sync"
)

// inflater undoes permessage-deflate (RFC 7692) for one connection. Between messages it keeps only the window that the
// client may refer to: up to 32 KB, and nothing before the first compressed message.
type inflater struct {
	window []byte
}

const maxWindow = 32 << 10

// deflateTail is what RFC 7692, section 7.2.2, has the receiver append, and an empty final block behind it, so that the
// reader sees an end.
var deflateTail = []byte{0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff}

// flateReaders are shared by all connections: one of them takes 40 KB.
var flateReaders = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate returns the plain message, or a violation if that is longer than limit (negative: no limit) or no deflate
// stream. It takes data over.
func (i *inflater) inflate(data []byte, limit int) ([]byte, error) {
	fr := flateReaders.Get().(io.ReadCloser)
	defer flateReaders.Put(fr)
	if err := fr.(flate.Resetter).Reset(bytes.NewReader(append(data, deflateTail...)), i.window); err != nil {
		return nil, err
	}
	var src io.Reader = fr
	if limit >= 0 {
		src = io.LimitReader(fr, int64(limit)+1)
	}
	plain, err := io.ReadAll(src)
	switch {
	case err != nil:
		return nil, violation{closeBadData, "malformed compressed message"}
	case exceeds(len(plain), limit):
		return nil, violation{closeTooBig, "inflated message too big"}
	}
	i.remember(plain)
	return plain, nil
}

func (i *inflater) remember(plain []byte) {
	if len(plain) >= maxWindow {
		i.window = append(i.window[:0], plain[len(plain)-maxWindow:]...)
		return
	}
	if over := len(i.window) + len(plain) - maxWindow; over > 0 {
		i.window = append(i.window[:0], i.window[over:]...)
	}
	i.window = append(i.window, plain...)
}

// acceptDeflate answers the first offer of permessage-deflate that can be served, or nothing. The service was seen to
// answer "permessage-deflate;server_max_window_bits=12" to a client that had asked for these bits
// (https://github.com/python-websockets/websockets/issues/1065). The gateway sends its own messages uncompressed, which
// keeps every promise about windows.
func acceptDeflate(offers []string) string {
	for _, offer := range strings.Split(strings.Join(offers, ","), ",") {
		if answer, ok := acceptOffer(offer); ok {
			return answer
		}
	}
	return ""
}

func acceptOffer(offer string) (string, bool) {
	params := strings.Split(offer, ";")
	if !strings.EqualFold(strings.TrimSpace(params[0]), "permessage-deflate") {
		return "", false
	}
	answer, seen := "permessage-deflate", map[string]bool{}
	for _, param := range params[1:] {
		name, value, valued := strings.Cut(strings.TrimSpace(param), "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)
		if seen[name] || !validParam(name, value, valued) {
			return "", false
		}
		seen[name] = true
		switch name {
		case "server_max_window_bits":
			answer += ";" + name + "=" + value
		case "server_no_context_takeover":
			answer += ";" + name
		}
	}
	return answer, true
}

// validParam holds an offer to RFC 7692, section 7.1.
func validParam(name, value string, valued bool) bool {
	switch name {
	case "server_no_context_takeover", "client_no_context_takeover":
		return !valued
	case "server_max_window_bits":
		return windowBits(value)
	case "client_max_window_bits":
		return !valued || windowBits(value)
	}
	return false
}

func windowBits(s string) bool {
	return len(s) == 1 && (s == "8" || s == "9") || len(s) == 2 && s[0] == '1' && s[1] <= '5' && s[1] >= '0'
}

func newBytesReader(b []byte) io.Reader { return bytes.NewReader(bytes.Clone(b)) }
