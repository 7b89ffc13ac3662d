package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestJoinRacesDisconnect lets hundreds of connections, all of them in one room, join another one while they are
// closed. Half of the closers die on the way, and somebody else finishes. No member may stay behind, and the last that
// is heard of each of them, in every room that it was in, is that it left.
func TestJoinRacesDisconnect(t *testing.T) {
	t.Parallel()
	const rounds, workers = 500, 20
	seed := rand.Uint64()
	t.Log("seed", seed)
	s := newStore(dynamodblocal.NewTable(t))
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			r := newRace(t, s, fmt.Sprint("room", worker), rand.New(rand.NewPCG(seed, uint64(worker))))
			for range rounds / workers {
				r.joinAndClose()
			}
			wantNil(t, s.closer().Close(t.Context(), r.observer.ID))
		})
	}
	running.Wait()
	if left := dynamodblocal.Rows(t, s.Registry.Table); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// race is one worker's: somebody who is in the lobby and in another room, and hears who comes and goes.
type race struct {
	t        *testing.T
	store    store
	chance   *rand.Rand
	room     string
	observer domain.Caller
	chat     *chat.Chat
	queue    *pushes

	mu    sync.Mutex                   // Guards what follows.
	heard map[string]map[string]string // By connection and room: the last event.
}

func newRace(t *testing.T, s store, room string, chance *rand.Rand) *race {
	r := &race{t: t, store: s, chance: chance, room: room, observer: inLobby(t, s, "observer"), chat: chatOver(s), queue: new(pushes)}
	_, err := s.Enter(t.Context(), r.observer.Connection, chat.Audience(room), chat.MaxRooms)
	wantNil(t, err)
	r.chat.FanOut.Sender, r.chat.FanOut.Queue = r, r.queue
	return r
}

// Send implements domain.Sender. Every other time somebody who has joined hangs up before the post is through.
func (r *race) Send(_ context.Context, id string, data []byte) error {
	if id != r.observer.ID {
		return nil
	}
	var m struct{ Type, Room, Connection string }
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if m.Type == "joined" && rand.IntN(2) == 0 {
		r.hangUp(m.Connection)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heard[m.Connection] == nil {
		r.heard[m.Connection] = map[string]string{}
	}
	r.heard[m.Connection][m.Room] = m.Type
	return nil
}

// joinAndClose is one round of the race.
func (r *race) joinAndClose() {
	r.heard = map[string]map[string]string{}
	closer := r.closer()
	who := inLobby(r.t, r.store, "ada")
	first := &mortal{Closer: closer, life: r.chance.IntN(14)}
	joined := false

	var racing sync.WaitGroup
	racing.Go(func() {
		_, err := r.chat.Join(r.t.Context(), who, r.room, nil)
		if joined = err == nil; err != nil && !errors.Is(err, domain.ErrNotConnected) {
			r.t.Error(err)
		}
	})
	racing.Go(func() { first.close(r.t, who.ID) })
	racing.Wait()
	r.hangUp(who.ID)
	heard := r.heard[who.ID]
	if heard[lobby] != "left" || joined && heard[r.room] == "" || heard[r.room] == "joined" {
		r.t.Errorf("the last that was heard: %v; it had joined: %v; the first closer died: %v", heard, joined, first.life < 0)
	}
}

func (r *race) closer() domain.Closer {
	closer := r.store.closer()
	closer.OnLeave = r.onLeave
	return closer
}

// hangUp closes a connection, and delivers what is queued, until nothing is.
func (r *race) hangUp(id string) {
	if err := r.closer().Close(r.t.Context(), id); err != nil {
		r.t.Error(err)
	}
	for r.work() {
		continue
	}
}

// onLeave queues the announcement; every other time a worker has it at once.
func (r *race) onLeave(ctx context.Context, c domain.Connection, a domain.Audience) error {
	err := chat.Announcer{Queue: r.queue, NewID: newID}.AnnounceLeave(ctx, c, a)
	if rand.IntN(2) == 0 {
		r.work()
	}
	return err
}

// work delivers what is queued, and tells whether that was anything.
func (r *race) work() bool {
	r.queue.mu.Lock()
	queued := r.queue.queued
	r.queue.queued = nil
	r.queue.mu.Unlock()
	for _, d := range queued {
		// The time that it is held back has passed for it alone.
		d.AcceptedAt, d.ExpiresAt, d.Delay = d.AcceptedAt.Add(-d.Delay), d.ExpiresAt.Add(-d.Delay), 0
		if _, err := r.chat.FanOut.Deliver(r.t.Context(), d, time.Now().Add(time.Minute)); err != nil {
			r.t.Error(err)
		}
	}
	return len(queued) > 0
}

var errDied = errors.New("the closer has died")

// mortal is a closer that dies after a number of steps, requests and announcements alike.
type mortal struct {
	domain.Closer
	life int
}

// close closes a connection, or dies on the way.
func (m *mortal) close(t *testing.T, id string) {
	closer := domain.Closer{Registry: mortalRegistry{m.Registry, m}, Memberships: mortalMemberships{m.Memberships, m}, OnLeave: m.onLeave}
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

func (m *mortal) onLeave(ctx context.Context, c domain.Connection, a domain.Audience) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.OnLeave(ctx, c, a)
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
func (m mortalMemberships) Evict(ctx context.Context, id string, a domain.Audience) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.Memberships.Evict(ctx, id, a)
}
