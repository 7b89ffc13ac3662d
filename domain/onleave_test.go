package domain_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// failOnce deletes no member the first time.
type failOnce struct {
	*memory.Registry
	failed bool
}

func (f *failOnce) Evict(ctx context.Context, id string, a domain.Audience) error {
	if !f.failed {
		f.failed = true
		return domain.ErrUnavailable
	}
	return f.Registry.Evict(ctx, id, a)
}

// TestWhatCouldNotBeDeletedIsToldAgain by whoever closes next; the other audiences do not wait for that.
func TestWhatCouldNotBeDeletedIsToldAgain(t *testing.T) {
	r := &failOnce{Registry: new(memory.Registry)}
	c := entered(t, r.Registry, "a", "b")
	var told []domain.Audience
	closer := domain.Closer{Registry: r, Memberships: r, OnLeave: func(_ context.Context, _ domain.Connection, a domain.Audience) error {
		told = append(told, a)
		return nil
	}}
	if err := closer.Close(t.Context(), c.ID); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("the first closing: %v", err)
	}
	wantNoMembers(t, r.Registry, "b", domain.UserAudience("ada"))
	if !slices.Equal(told, []domain.Audience{"a", "b"}) {
		t.Errorf("the first closer told %v", told)
	}
	told = nil
	if err := closer.Close(t.Context(), c.ID); err != nil || !slices.Contains(told, "a") {
		t.Errorf("the second closer told %v, %v", told, err)
	}
	wantNoMembers(t, r.Registry, domain.Everyone, "a")
}
