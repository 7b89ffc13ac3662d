package memory_test

import (
	"io"
	"log/slog"
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain/domaintest"
)

func TestQueue(t *testing.T) {
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	domaintest.TestQueue(t, func(*testing.T) domaintest.WorkedQueue { return &memory.Queue{Logger: silent} })
}
