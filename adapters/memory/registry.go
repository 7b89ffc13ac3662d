// Package memory keeps everything in the memory of one process: the ports of domain for a single machine and for
// tests. What it holds is lost when the process ends.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"wsecho/domain"
)

var (
	_ domain.Registry    = (*Registry)(nil)
	_ domain.Memberships = (*Registry)(nil)
)

// Registry holds connections and memberships. Its zero value is empty and ready for use.
type Registry struct {
	mu          sync.Mutex // Guards what follows.
	connections map[string]domain.Connection
	audiences   map[domain.Audience]*ring
	sweeps      Sweeps
}

// Connect implements domain.Registry.
func (r *Registry) Connect(_ context.Context, c domain.Connection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collect()
	if r.connections == nil {
		r.connections = map[string]domain.Connection{}
	}
	if _, stored := r.connections[c.ID]; !stored {
		c.Audiences, c.Version = nil, 0
		r.connections[c.ID] = c
		r.add(c, domain.Everyone)
	}
	if c.User != "" {
		r.add(c, domain.UserAudience(c.User))
	}
	return nil
}

// Get implements domain.Registry.
func (r *Registry) Get(_ context.Context, id string) (domain.Connection, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.connections[id]
	if !ok {
		return domain.Connection{}, domain.ErrNotConnected
	}
	c.Audiences = slices.Clone(c.Audiences)
	return c, nil
}

// Remove implements domain.Registry.
func (r *Registry) Remove(_ context.Context, c domain.Connection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored, ok := r.connections[c.ID]
	if !ok {
		return nil
	}
	if stored.Version != c.Version {
		return domain.ErrChanged
	}
	delete(r.connections, c.ID)
	r.drop(c.ID, domain.Everyone)
	return nil
}

// Members implements domain.Registry.
func (r *Registry) Members(_ context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.audiences[a] == nil {
		return domain.Page{}, nil
	}
	return r.audiences[a].page(s, limit, time.Now()), nil
}

// Enter implements domain.Memberships.
func (r *Registry) Enter(_ context.Context, c domain.Connection, a domain.Audience, limit int) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored, ok := r.connections[c.ID]
	if !ok {
		return false, domain.ErrNotConnected
	}
	if slices.Contains(stored.Audiences, a) {
		return false, nil
	}
	if len(stored.Audiences) >= limit {
		return false, domain.ErrLimit
	}
	stored.Audiences = append(slices.Clone(stored.Audiences), a)
	stored.Version++
	r.connections[c.ID] = stored
	r.add(c, a)
	return true, nil
}

// Leave implements domain.Memberships.
func (r *Registry) Leave(_ context.Context, id string, a domain.Audience) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored, ok := r.connections[id]
	if !ok || !slices.Contains(stored.Audiences, a) {
		return false, nil
	}
	stored.Audiences = slices.DeleteFunc(slices.Clone(stored.Audiences), func(b domain.Audience) bool { return a == b })
	stored.Version++
	r.connections[id] = stored
	return r.drop(id, a), nil
}

// Evict implements domain.Memberships.
func (r *Registry) Evict(_ context.Context, id string, a domain.Audience) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(id, a)
	return nil
}

// collect deletes what nobody has closed and expired long ago: longer than any connection lasts, because one whose
// token ended is open still, and its end is to be told. r.mu is held.
func (r *Registry) collect() {
	if !r.sweeps.Due() {
		return
	}
	old := time.Now().Add(-domain.MaxLifetime)
	r.connections = Living(r.connections, func(c domain.Connection) bool { return old.Before(c.ExpiresAt) })
	for a, members := range r.audiences {
		if members.expire(old); len(members.rows) == 0 {
			delete(r.audiences, a)
		}
	}
}

func (r *Registry) add(c domain.Connection, a domain.Audience) {
	if r.audiences == nil {
		r.audiences = map[domain.Audience]*ring{}
	}
	if r.audiences[a] == nil {
		r.audiences[a] = &ring{rows: map[string]row{}}
	}
	r.audiences[a].add(row{
		Member:   domain.Member{ID: c.ID, ConnectedAt: c.ConnectedAt, User: c.User, ExpiresAt: c.ExpiresAt},
		position: domain.Position(c.ID),
	})
}

func (r *Registry) drop(id string, a domain.Audience) bool {
	members := r.audiences[a]
	if members == nil || !members.drop(id) {
		return false
	}
	if len(members.rows) == 0 {
		delete(r.audiences, a)
	}
	return true
}
