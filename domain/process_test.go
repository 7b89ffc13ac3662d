package domain_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"wsecho/domain"
)

// process is one run of a worker, as its ports see it. What is doomed has no effect any more after some effects,
// and is never seen to end.
type process struct {
	*world
	parent  domain.Delivery
	doomed  bool
	effects atomic.Int64

	mu    sync.Mutex   // Guards what follows.
	tries map[int]int  // Posts to each client.
	tried map[int]bool // The clients posted to, and whether that was the last word.
}

// act takes one of the effects that the process has left.
func (p *process) act() error {
	if p.doomed && p.effects.Add(-1) < 0 {
		return errKilled
	}
	return nil
}

// Send is what API Gateway makes of a post.
func (p *process) Send(ctx context.Context, id string, _ []byte) error {
	if err := p.act(); err != nil {
		return err
	}
	n := number(id)
	p.churnSome()
	time.Sleep(p.latency)
	err := p.answer(ctx, n, int(p.clients[n].posts.Add(1)))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries[n]++
	p.tried[n] = p.tried[n] || err == nil || errors.Is(err, domain.ErrGone)
	return err
}

func (p *process) answer(ctx context.Context, n, try int) error {
	switch {
	case p.world.gone(n):
		return domain.ErrGone
	case p.deaf(n) || time.Since(p.start) < p.storm:
		return domain.ErrThrottled
	case p.faults == faults{}:
		p.clients[n].received.Add(1)
		p.last.Store(int64(time.Since(p.start)))
		return nil
	}
	draw := chance(ofPost, n, try)
	for _, fault := range []struct {
		share float64
		post  func() error
	}{
		{p.faults.throttled, func() error { return domain.ErrThrottled }},
		{p.faults.broken, func() error { return errors.New("502") }},
		{p.faults.timedOut / 2, func() error { <-ctx.Done(); return ctx.Err() }},
		{p.faults.timedOut / 2, func() error { p.clients[n].received.Add(1); <-ctx.Done(); return ctx.Err() }},
		{1, func() error { p.clients[n].received.Add(1); return nil }},
	} {
		if draw -= fault.share; draw < 0 {
			return fault.post()
		}
	}
	return nil
}

// Enqueue is the queue's, which stores some messages twice, and none of a process that is dead.
func (p *process) Enqueue(ctx context.Context, ds ...domain.Delivery) error {
	for _, d := range ds {
		if err := p.act(); err != nil {
			return err
		}
		p.note(d)
		_ = p.queue.Enqueue(ctx, d)
		if rand.Float64() < p.faults.doubled {
			p.world.mu.Lock()
			p.doubled++
			p.world.mu.Unlock()
			_ = p.queue.Enqueue(ctx, d)
		}
	}
	return nil
}

// note keeps account of a message.
func (p *process) note(d domain.Delivery) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.messages++
	if d.Members == nil {
		p.depths[d.Span] = p.depths[p.parent.Span] + 1
	}
}

// DeadLetter is the queue's.
func (p *process) DeadLetter(ctx context.Context, d domain.Delivery, reason string) error {
	if err := p.act(); err != nil {
		return err
	}
	if d.Attempt < domain.MaxAttempts {
		p.wantLate(d)
	}
	return p.queue.DeadLetter(ctx, d, reason)
}

// wantLate expects that a delivery has no time left, which exhausts its members' attempts, too.
func (p *process) wantLate(d domain.Delivery) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if left := time.Until(d.ExpiresAt); left > 11*time.Second {
		p.t.Errorf("a delivery was dead-lettered after %d attempts, %v before it expires", d.Attempt, left)
	}
	for _, m := range d.Members {
		p.exhausted[number(m.ID)] = true
	}
}

// Members, Get, Remove and Connect are the registry's.
func (p *process) Members(_ context.Context, _ domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	page := p.shelf.page(s, limit)
	if p.sampled && len(page.Members) < limit {
		page.Members = p.sample(page.Members)
	}
	return page, nil
}

// sample gives the message to most members and returns the others.
func (p *process) sample(members []domain.Member) []domain.Member {
	var others []domain.Member
	for i, m := range members {
		if i%50 == 0 {
			others = append(others, m)
		} else {
			p.clients[number(m.ID)].received.Add(1)
		}
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.largest = max(p.largest, len(members))
	return others
}

func (p *process) Get(_ context.Context, id string) (domain.Connection, error) {
	if !p.shelf.has(id) {
		return domain.Connection{}, domain.ErrNotConnected
	}
	return domain.Connection{ID: id}, nil
}

func (p *process) Remove(_ context.Context, c domain.Connection) error {
	if err := p.act(); err != nil {
		return err
	}
	p.shelf.reap(c.ID)
	return nil
}

func (p *process) Connect(context.Context, domain.Connection) error { panic("nobody connects here") }
