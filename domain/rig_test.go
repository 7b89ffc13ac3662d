package domain_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// rig is a fan-out over memory whose posts a test decides about.
type rig struct {
	*domain.FanOut
	registry *memory.Registry
	queue    *pile

	mu   sync.Mutex // Guards what follows.
	sent map[string]int
}

// newRig posts with send; nil reaches everybody.
func newRig(send func(ctx context.Context, id string) error) *rig {
	r := &rig{registry: new(memory.Registry), queue: new(pile), sent: map[string]int{}}
	r.FanOut = &domain.FanOut{
		Registry: r.registry, Queue: r.queue, Closer: domain.Closer{Registry: r.registry, Memberships: r.registry},
		Limiter: domain.NewLimiter(8000), Rests: new(domain.Rests), Concurrency: 4, Random: func() float64 { return 0.5 },
		Sender: sender(func(ctx context.Context, id string, _ []byte) error {
			r.mu.Lock()
			r.sent[id]++
			r.mu.Unlock()
			if send == nil {
				return nil
			}
			return send(ctx, id)
		}),
	}
	return r
}

// connect adds members of an age and returns their ids.
func (r *rig) connect(t *testing.T, n int, age time.Duration) []string {
	t.Helper()
	var ids []string
	for range n {
		c := domaintest.NewConnection("")
		c.ConnectedAt = c.ConnectedAt.Add(-age)
		if err := r.registry.Connect(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	return ids
}

func (r *rig) connected(t *testing.T, id string) bool {
	_, err := r.registry.Get(t.Context(), id)
	return err == nil
}

// message is a delivery to everyone.
func message() domain.Delivery {
	now := time.Now()
	return domain.Delivery{
		MessageID: "m", Message: json.RawMessage(`{}`), Audience: domain.Everyone, Span: domain.Ring,
		AcceptedAt: now, ExpiresAt: now.Add(domain.DeliveryLife),
	}
}

type sender func(ctx context.Context, id string, data []byte) error

func (s sender) Send(ctx context.Context, id string, data []byte) error { return s(ctx, id, data) }

// pile is a queue that nobody works on. It fails with err, if that is set.
type pile struct {
	err         error
	queued      []domain.Delivery
	deadLetters []domain.Delivery
	reason      string // Why the last one was dead-lettered.
}

func (p *pile) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	if p.err == nil {
		p.queued = append(p.queued, ds...)
	}
	return p.err
}

func (p *pile) DeadLetter(_ context.Context, d domain.Delivery, reason string) error {
	if p.err == nil {
		p.deadLetters, p.reason = append(p.deadLetters, d), reason
	}
	return p.err
}

// hang never answers.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
