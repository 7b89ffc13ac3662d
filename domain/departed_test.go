package domain_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// unheard deletes members, but its first reply never comes.
type unheard struct {
	*memory.Registry
	heard bool
}

func (u *unheard) Evict(ctx context.Context, id string, a domain.Audience) (bool, error) {
	left, err := u.Registry.Evict(ctx, id, a)
	if !u.heard {
		u.heard = true
		return true, domain.ErrUnavailable
	}
	return left, err
}

func TestDepartureOfUnknownOutcomeIsTold(t *testing.T) {
	r := &unheard{Registry: new(memory.Registry)}
	c := entered(t, r.Registry, "a", "b")
	var told []domain.Audience
	closer := domain.Closer{Registry: r, Memberships: r, Departed: func(_ context.Context, _ domain.Connection, a domain.Audience) error {
		told = append(told, a)
		return nil
	}}
	if err := closer.Close(t.Context(), c.ID); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("the first closing: %v", err)
	}
	if err := closer.Close(t.Context(), c.ID); err != nil {
		t.Errorf("the second closing: %v", err)
	}
	slices.Sort(told)
	if !slices.Equal(told, []domain.Audience{"a", "b"}) {
		t.Errorf("told %v", told)
	}
}
