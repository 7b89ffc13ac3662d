package frames

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// Inflater undoes permessage-deflate (RFC 7692) for one connection. Between messages it keeps only the window that the
// client may refer to: up to 32 KB, and nothing before the first compressed message. The zero value is ready to use.
type Inflater struct {
	window []byte
}

const maxWindow = 32 << 10

// deflateTail is what RFC 7692, section 7.2.2, has the receiver append, and an empty final block behind it, so that the
// reader sees an end.
var deflateTail = []byte{0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff}

// flateReaders are shared by all connections: one of them takes 40 KB.
var flateReaders = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate returns the plain message, or a Violation if that is longer than limit (negative: no limit) or no deflate
// stream. It takes data over.
func (i *Inflater) inflate(data []byte, limit int) ([]byte, error) {
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
		return nil, Violation{BadData, "malformed compressed message"}
	case limit >= 0 && len(plain) > limit:
		return nil, Violation{TooBig, "inflated message too big"}
	}
	i.remember(plain)
	return plain, nil
}

func (i *Inflater) remember(plain []byte) {
	if len(plain) >= maxWindow {
		i.window = append(i.window[:0], plain[len(plain)-maxWindow:]...)
		return
	}
	if over := len(i.window) + len(plain) - maxWindow; over > 0 {
		i.window = append(i.window[:0], i.window[over:]...)
	}
	i.window = append(i.window, plain...)
}

func newBytesReader(b []byte) io.Reader { return bytes.NewReader(bytes.Clone(b)) }
