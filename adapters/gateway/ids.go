package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"regexp"
)

// newID makes an id as API Gateway does for connections, messages and requests: 11 bytes, 16 characters in base64url
// with one "=" at the end.
func newID() string {
	var b [11]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}

var wellFormedID = regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`)

// newUUID makes the request id of a management call, a random UUID.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// newTrace makes the value of an X-Amzn-Trace-Id header for a request that arrived at unix time (seconds).
func newTrace(unix int64) string {
	var b [16]byte
	rand.Read(b[:])
	for i := range 4 {
		b[i] = byte(unix >> (24 - 8*i))
	}
	h := hex.EncodeToString(b[:])
	return "Root=1-" + h[:8] + "-" + h[8:]
}
