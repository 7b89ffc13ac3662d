package sqs_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

// deliveries returns n of them, each with a message of a size in bytes.
func deliveries(n, size int) []domain.Delivery {
	var ds []domain.Delivery
	for i := range n {
		ds = append(ds, domain.Delivery{
			MessageID: strconv.Itoa(i), Message: json.RawMessage(`"` + strings.Repeat("x", size) + `"`),
			Audience: domain.Everyone, Span: domain.Ring,
		})
	}
	return ds
}

func TestBatchesKeepTheLimits(t *testing.T) {
	tests := []struct{ n, size, batches int }{
		{0, 1, 0}, {1, 1, 1}, {10, 1, 1}, {11, 1, 2}, {100, 1000, 10}, {16, 130_000, 2}, {17, 130_000, 3}, {9, 130_000, 2},
	}
	for _, test := range tests {
		s := new(stub)
		if err := s.queue().Enqueue(t.Context(), deliveries(test.n, test.size)...); err != nil {
			t.Errorf("%+v: %v", test, err)
		}
		if len(s.requests) != test.batches || len(s.times) != test.n {
			t.Errorf("%+v: %d messages in %d batches", test, len(s.times), len(s.requests))
		}
		for _, batch := range s.requests {
			bytes := 0
			for _, e := range batch {
				bytes += len(e.MessageBody)
			}
			if len(batch) > 10 || bytes > 1<<20 {
				t.Errorf("%+v: a batch of %d messages, %d bytes", test, len(batch), bytes)
			}
		}
	}
}

func TestDelaysAreWholeSeconds(t *testing.T) {
	for delay, want := range map[time.Duration]int{
		0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, 899*time.Second + 1: 900, time.Hour: 900, -time.Second: 0,
	} {
		s := new(stub)
		d := deliveries(1, 1)[0]
		d.Delay = delay
		if err := s.queue().Enqueue(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := s.requests[0][0].DelaySeconds; got != want {
			t.Errorf("a delay of %v became %d s, want %d", delay, got, want)
		}
	}
}

func TestWhatIsNotTakenIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{refuse: func(id string, times int) string {
			if n, _ := strconv.Atoi(id); times <= n%4 {
				return "InternalError"
			}
			return ""
		}}
		if err := s.queue().Enqueue(t.Context(), deliveries(20, 10)...); err != nil {
			t.Error(err)
		}
		for id, times := range s.times {
			if n, _ := strconv.Atoi(id); times != n%4+1 {
				t.Errorf("message %s was sent %d times, want %d", id, times, n%4+1)
			}
		}
	})
}

func TestWhatIsNeverTaken(t *testing.T) {
	tests := []struct {
		name        string
		s           *stub
		unavailable bool
		most        int // Requests, the SDK's own repetitions included.
	}{
		{"an entry of a batch", &stub{refuse: func(string, int) string { return "InternalError" }}, true, 6},
		{"an entry at fault", &stub{refuse: func(string, int) string { return "InvalidMessageContents" }, senderFault: true}, false, 1},
		{"a server that fails", &stub{status: 500, code: "InternalFailure"}, true, 3},
		{"a server that throttles", &stub{status: 400, code: "RequestThrottled"}, true, 3},
		{"no right to send", &stub{status: 403, code: "AccessDeniedException"}, false, 1},
		{"no such queue", &stub{status: 400, code: "QueueDoesNotExist"}, false, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := test.s.queue().Enqueue(t.Context(), deliveries(1, 10)...)
				if err == nil || errors.Is(err, domain.ErrUnavailable) != test.unavailable {
					t.Errorf("Enqueue: %v; want one that wraps ErrUnavailable: %v", err, test.unavailable)
				}
				if len(test.s.requests) > test.most {
					t.Errorf("%d requests, want %d at most", len(test.s.requests), test.most)
				}
			})
		})
	}
}

func TestSendingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &stub{refuse: func(string, int) string { cancel(); return "InternalError" }}
		if err := s.queue().Enqueue(ctx, deliveries(1, 10)...); !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("Enqueue: %v", err)
		}
		if len(s.requests) != 1 {
			t.Errorf("%d requests", len(s.requests))
		}
	})
}
