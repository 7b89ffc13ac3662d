package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestJoinRacesDisconnect lets a thousand connections, all of them in one room, join another one while they are
// closed. Half of the closers die on the way, and somebody else finishes. No member may stay behind, and of each room
// that was entered `left` is told exactly once: only a closer that died with a deletion in its hand takes that one
// announcement along.
func TestJoinRacesDisconnect(t *testing.T) {
	t.Parallel()
	const rounds, workers = 1000, 20
	seed := rand.Uint64()
	t.Log("seed", seed)
	s := newStore(dynamodblocal.NewTable(t))
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			chance := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range rounds / workers {
				joinAndClose(t, s, fmt.Sprint("room", worker), chance)
			}
		})
	}
	running.Wait()
	if left := rows(t, s); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// joinAndClose is one round of the race.
func joinAndClose(t *testing.T, s store, room string, chance *rand.Rand) {
	queue := new(pushes)
	uc, closer := chatOver(s), s.closer()
	closer.Departed = chat.Departures{Queue: queue, NewID: newID}.Departed
	who := inLobby(t, s, "ada")
	first := &mortal{Closer: closer, life: chance.IntN(14)}
	want := map[string]int{lobby: 1}

	var racing sync.WaitGroup
	racing.Go(func() {
		_, err := uc.Join(t.Context(), who, room, nil)
		switch {
		case err == nil:
			want[room] = 1
		case !errors.Is(err, domain.ErrNotConnected):
			t.Error(err)
		}
	})
	racing.Go(func() { first.close(t, who.ID) })
	racing.Wait()
	if err := closer.Close(t.Context(), who.ID); err != nil {
		t.Error(err)
	}
	got := queue.departed(t, who.ID)
	for _, lost := range first.silent {
		delete(want, lost)
	}
	if !maps.Equal(got, want) {
		t.Errorf("left was told of %v, want %v; the first closer died: %v", got, want, first.life < 0)
	}
}

// departed counts the announcements by room that a connection left.
func (p *pushes) departed(t *testing.T, id string) map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := map[string]int{}
	for _, d := range p.queued {
		var m struct{ Type, Room, User, Connection string }
		if err := json.Unmarshal(d.Message, &m); err != nil || m.Type != "left" || m.Connection != id || m.User != "ada" {
			t.Errorf("announced %s", d.Message)
		}
		told[m.Room]++
	}
	return told
}

var errDied = errors.New("the closer has died")

// mortal is a closer that dies after a number of steps, requests and announcements alike.
type mortal struct {
	domain.Closer
	life   int
	silent []string // The rooms of which it could not tell.
}

// close closes a connection, or dies on the way.
func (m *mortal) close(t *testing.T, id string) {
	closer := domain.Closer{Registry: mortalRegistry{m.Registry, m}, Memberships: mortalMemberships{m.Memberships, m}, Departed: m.departed}
	if err := closer.Close(t.Context(), id); err != nil && !errors.Is(err, errDied) {
		t.Error(err)
	}
}

func (m *mortal) step() error {
	if m.life--; m.life < 0 {
		return errDied
	}
	return nil
}

func (m *mortal) departed(ctx context.Context, c domain.Connection, a domain.Audience) error {
	if err := m.step(); err != nil {
		m.silent = append(m.silent, string(a[len("room:"):]))
		return err
	}
	return m.Departed(ctx, c, a)
}

type mortalRegistry struct {
	domain.Registry
	*mortal
}

// Get implements domain.Registry.
func (r mortalRegistry) Get(ctx context.Context, id string) (domain.Connection, error) {
	if err := r.step(); err != nil {
		return domain.Connection{}, err
	}
	return r.Registry.Get(ctx, id)
}

// Remove implements domain.Registry.
func (r mortalRegistry) Remove(ctx context.Context, c domain.Connection) error {
	if err := r.step(); err != nil {
		return err
	}
	return r.Registry.Remove(ctx, c)
}

type mortalMemberships struct {
	domain.Memberships
	*mortal
}

// Evict implements domain.Memberships.
func (m mortalMemberships) Evict(ctx context.Context, id string, a domain.Audience) (bool, error) {
	if err := m.step(); err != nil {
		return false, err
	}
	return m.Memberships.Evict(ctx, id, a)
}
