package listening

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

func TestWaitFor(t *testing.T) {
	address, err := FreeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := WaitFor(ctx, address); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody listens, and it returns %v", err)
	}
	came := make(chan error)
	go func() { came <- WaitFor(t.Context(), address) }()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := <-came; err != nil {
		t.Error(err)
	}
}
