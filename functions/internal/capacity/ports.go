package main

import (
	"context"
	"math"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// rowBytes is about what a member's row and a line's have beside the data, with a user of some length.
const rowBytes = 100

// ask is a request to the table, whose units were measured on DynamoDB Local: see TestWhatAConnectionCosts and
// TestWhatChatCosts.
func (p *process) ask(k kind, n float64) {
	p.count(k, n)
	time.Sleep(tableTakes)
}

// page is the read units of so many rows, read consistently: one for each begun 4 KB.
func page(rows, bytes int) float64 { return math.Max(1, math.Ceil(float64(rows*bytes)/(4<<10))) }

// Connect implements domain.Registry.
func (p *process) Connect(ctx context.Context, c domain.Connection) error {
	p.ask(writes, 1) // Its user's row comes before it.
	p.count(connectionWrites, 1)
	p.ask(writes, 1)
	return p.registry.Connect(ctx, c)
}

// Get implements domain.Registry.
func (p *process) Get(ctx context.Context, id string) (domain.Connection, error) {
	p.ask(reads, 1)
	return p.registry.Get(ctx, id)
}

// Remove implements domain.Registry.
func (p *process) Remove(ctx context.Context, c domain.Connection) error {
	p.count(connectionWrites, 1)
	p.ask(writes, 1)
	return p.registry.Remove(ctx, c)
}

// Members implements domain.Registry. Those of Everyone are read at half the price.
func (p *process) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	found, err := p.registry.Members(ctx, a, s, limit)
	cost := page(len(found.Members), rowBytes)
	if a == domain.Everyone {
		cost /= 2
	}
	p.ask(reads, cost)
	return found, err
}

// Enter implements domain.Memberships.
func (p *process) Enter(ctx context.Context, c domain.Connection, a domain.Audience, max int) (bool, error) {
	p.count(connectionWrites, 2)
	p.ask(writes, 4)
	return p.members.Enter(ctx, c, a, max)
}

// Leave implements domain.Memberships.
func (p *process) Leave(ctx context.Context, id string, a domain.Audience) (bool, error) {
	p.count(connectionWrites, 2)
	p.ask(writes, 4)
	return p.members.Leave(ctx, id, a)
}

// Evict implements domain.Memberships.
func (p *process) Evict(ctx context.Context, id string, a domain.Audience) error {
	p.ask(writes, 1)
	return p.members.Evict(ctx, id, a)
}

// Count implements domain.Quotas.
func (p *process) Count(context.Context, string, time.Time, int) (bool, error) {
	p.ask(writes, 1)
	return true, nil
}

// Find implements chat.IdempotencyKeys.
func (p *process) Find(ctx context.Context, user, key string) (chat.Sent, error) {
	p.ask(reads, 1)
	return p.store.Find(ctx, user, key)
}

// Use implements chat.IdempotencyKeys.
func (p *process) Use(ctx context.Context, key chat.IdempotencyKey) error {
	p.ask(writes, 1)
	return p.store.Use(ctx, key)
}

// Write implements chat.Log. With a key it is a transaction of two rows, each at twice the price.
func (p *process) Write(ctx context.Context, room string, e chat.Entry, key *chat.IdempotencyKey) (chat.Entry, error) {
	kilobytes := math.Ceil(float64(len(e.Data)+rowBytes) / 1024)
	if key == nil {
		p.ask(writes, kilobytes)
	} else {
		p.ask(writes, 2*kilobytes+2)
	}
	return p.store.Write(ctx, room, e, key)
}

// Read implements chat.Log.
func (p *process) Read(ctx context.Context, room, epoch string, r chat.Range) ([]chat.Entry, bool, error) {
	entries, cut, err := p.store.Read(ctx, room, epoch, r)
	bytes := 0
	for _, e := range entries {
		bytes += len(e.Data) + rowBytes
	}
	p.ask(reads, page(1, bytes))
	return entries, cut, err
}

// Head implements chat.Log.
func (p *process) Head(ctx context.Context, room string) (chat.Head, error) {
	p.ask(reads, 1)
	return p.store.Head(ctx, room)
}

// head is a request that writes a room's head, or would have.
func (p *process) head() {
	p.count(headWrites, 1)
	p.ask(writes, 1)
}

// Advance implements chat.Log.
func (p *process) Advance(ctx context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	p.head()
	return p.store.Advance(ctx, room, epoch, at)
}

// Acquire implements chat.Relays.
func (p *process) Acquire(ctx context.Context, room, owner string, seq int64, now, until time.Time) (chat.Head, error) {
	p.head()
	return p.store.Acquire(ctx, room, owner, seq, now, until)
}

// TakeOver implements chat.Relays.
func (p *process) TakeOver(ctx context.Context, room, from, owner string, until time.Time) (chat.Head, error) {
	p.head()
	return p.store.TakeOver(ctx, room, from, owner, until)
}

// Renew implements chat.Relays.
func (p *process) Renew(ctx context.Context, room, owner string, relayed int64, until time.Time) (chat.Head, error) {
	p.head()
	return p.store.Renew(ctx, room, owner, relayed, until)
}

// Release implements chat.Relays.
func (p *process) Release(ctx context.Context, room, owner string, relayed int64) (chat.Head, error) {
	p.head()
	return p.store.Release(ctx, room, owner, relayed)
}
