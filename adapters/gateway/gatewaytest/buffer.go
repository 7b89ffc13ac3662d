package gatewaytest

import (
	"bytes"
	"sync"
)

// Buffer collects what is logged. It is safe for concurrent use; its zero value is empty and ready for use.
type Buffer struct {
	mu sync.Mutex // Guards b.
	b  bytes.Buffer
}

// Write implements io.Writer. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
