// Package frames reads and writes WebSocket messages as a server (RFC 6455), with permessage-deflate (RFC 7692) in what
// clients send. It knows nothing of API Gateway: which frames are too large and whether binary messages are wanted, its
// Rules say.
//
// Its header parsing is that of github.com/gobwas/ws. What it adds are limits that are checked before a byte of a
// payload is read, text that is checked as it arrives, and the close code for everything that can be wrong.
package frames

// Close codes that a server sends or reports (RFC 6455, section 7.4.1).
const (
	GoingAway       = 1001
	ProtocolError   = 1002
	Unsupported     = 1003
	NoStatus        = 1005 // Of a close frame without a code. It is never sent.
	Abnormal        = 1006 // Of a connection that ended without a close frame. It is never sent.
	BadData         = 1007
	PolicyViolation = 1008
	TooBig          = 1009
)

// Violation is the error for something that a client may not send. The connection is to be closed with the code.
type Violation struct {
	Code int
	Why  string // For the log.
}

// Error implements error.
func (v Violation) Error() string { return v.Why }

// Closed is the error for a close frame, which ends what a client sends. Code is NoStatus if the frame had none.
type Closed struct {
	Code   int
	Reason string
}

// Error implements error.
func (Closed) Error() string { return "close frame" }
