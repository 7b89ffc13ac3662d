package memory_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

func TestQueue(t *testing.T) {
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	domaintest.TestQueue(t, func(*testing.T) domaintest.WorkedQueue { return &memory.Queue{Logger: silent} })
}

func TestLongestIsKept(t *testing.T) {
	var q memory.Queue
	retry := domain.NewDelivery("id", nil, domain.Everyone)
	retry.Attempt = 1
	for _, d := range []domain.Delivery{domain.NewDelivery("id", nil, domain.Everyone), retry} {
		if err := q.Enqueue(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	handled := make(chan struct{})
	go func() {
		<-handled
		<-handled
		stop()
	}()
	q.Run(ctx, 1, func(context.Context, domain.Delivery) error { handled <- struct{}{}; return nil })
	if q.Longest() != 2 {
		t.Errorf("%d waited at most, want 2", q.Longest())
	}
}
