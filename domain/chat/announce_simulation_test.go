package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/chat/chatmemory"
	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/domain/domaintest"
)

// TestLastAnnouncementIsTrue lets two connections join, leave and hang up as chance decides, several of these at the
// same time, while posts are throttled or time out, the queue delays and reorders, and once in a second a request fails
// or its reply is lost, so that closers give up half-way. In the end the last thing that each of three observers heard of a connection is what the
// registry says.
func TestLastAnnouncementIsTrue(t *testing.T) {
	const runs = 150
	seed := rand.Uint64()
	t.Log("seed", seed)
	heard, changes := 0, 0
	for run := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, rand.New(rand.NewPCG(seed, run)))
			s.play()
			s.wantTruth(run)
			heard += s.heardInAll
			changes += int(s.changes.Load())
		})
	}
	t.Logf("%d memberships began or ended, %d announcements were heard", changes, heard)
}

// stage is chat with all that surrounds it, of which everything may fail as long as it is not calm.
type stage struct {
	t         *testing.T
	registry  *memory.Registry
	queue     *memory.Queue
	chat      *chat.Chat
	observers []domain.Caller
	players   []domain.Caller
	changes   atomic.Int64
	ids       atomic.Int64

	mu         sync.Mutex // Guards what follows.
	random     *rand.Rand
	calm       bool
	failed     time.Time                    // When a request failed last.
	heard      map[string]map[string]string // By observer and player: the last event.
	heardInAll int
	missed     map[string]int // Posts in a row that did not reach an observer.
}

func newStage(t *testing.T, random *rand.Rand) *stage {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := &stage{
		t: t, random: random, registry: new(memory.Registry), queue: &memory.Queue{Logger: quiet},
		heard: map[string]map[string]string{}, missed: map[string]int{},
	}
	store := shaky{s.registry, s}
	s.chat = &chat.Chat{
		Registry: s.registry, Memberships: store, Log: new(chatmemory.Store), Policy: domain.ByGrants{},
		FanOut: &domain.FanOut{
			Registry: store, Sender: s, Queue: slow{s.queue, s}, Closer: s.closer(), Limiter: domain.NewLimiter(1e6), Concurrency: 4,
			Random: s.draw,
		},
		NewID: s.newID, HistoryDays: 1,
	}
	for range 3 {
		s.observers = append(s.observers, s.connect("observer"))
		_, err := s.registry.Enter(t.Context(), s.observers[len(s.observers)-1].Connection, chat.Audience(room), 1)
		if err != nil {
			t.Fatal(err)
		}
	}
	s.players = []domain.Caller{s.connect("ada"), s.connect("")}
	return s
}

func (s *stage) connect(user string) domain.Caller {
	c := domaintest.NewConnection(user)
	if err := s.registry.Connect(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	return domain.Caller{Connection: c, Grants: domain.AllGrants}
}

func (s *stage) newID() string { return fmt.Sprint("id", s.ids.Add(1)) }

func (s *stage) closer() domain.Closer {
	store := shaky{s.registry, s}
	return domain.Closer{
		Registry: store, Memberships: store,
		OnLeave: chat.Announcer{Queue: slow{s.queue, s}, NewID: s.newID}.AnnounceLeave,
	}
}

func (s *stage) draw() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64()
}

// happens is true with a probability, unless it is calm.
func (s *stage) happens(probability float64) bool {
	drawn := s.draw()
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.calm && drawn < probability
}

// fails is true with a probability, unless it is calm or something failed within a second.
func (s *stage) fails(probability float64) bool {
	if !s.happens(probability) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.failed) < time.Second {
		return false
	}
	s.failed = time.Now()
	return true
}

// pass takes up to a time.
func (s *stage) pass(most time.Duration) { time.Sleep(time.Duration(s.draw() * float64(most))) }

// play lets ten seconds pass in which all happens, and then as long as announcements may take.
func (s *stage) play() {
	ctx, cancel := context.WithCancel(s.t.Context())
	var workers, players sync.WaitGroup
	workers.Go(func() { s.queue.Run(ctx, 4, s.work) })
	for _, who := range s.players {
		for range 12 {
			players.Go(func() { s.act(ctx, who) })
		}
		if s.draw() < 0.5 {
			players.Go(func() { s.hangUp(ctx, who) })
		}
	}
	players.Wait()
	s.mu.Lock()
	s.calm = true
	s.mu.Unlock()
	time.Sleep(time.Hour)
	cancel()
	workers.Wait()
}

// act joins or leaves at some time, without waiting for what else the connection does, and asks again where it may not
// have been done.
func (s *stage) act(ctx context.Context, who domain.Caller) {
	s.pass(10 * time.Second)
	joins := s.draw() < 0.5
	for err := domain.ErrUnavailable; errors.Is(err, domain.ErrUnavailable); {
		if joins {
			_, err = s.chat.Join(ctx, who, room, nil)
		} else {
			_, err = s.chat.Leave(ctx, who, room)
		}
		s.pass(time.Second)
	}
}

// hangUp closes at some time; a closer that fails is followed by another one later.
func (s *stage) hangUp(ctx context.Context, who domain.Caller) {
	for s.pass(10 * time.Second); s.closer().Close(ctx, who.ID) != nil; {
		s.pass(5 * time.Second)
	}
}

func (s *stage) work(ctx context.Context, d domain.Delivery) error {
	_, err := s.chat.FanOut.Deliver(ctx, d, time.Now().Add(20*time.Second))
	return err
}

// Send implements domain.Sender. Out of three posts in a row to an observer one arrives.
func (s *stage) Send(ctx context.Context, id string, data []byte) error {
	s.pass(100 * time.Millisecond)
	throttled, hung, arrives := s.happens(0.3), s.happens(0.03), s.draw() < 0.5
	s.mu.Lock()
	fails := (throttled || hung) && s.missed[id] < 2
	if s.missed[id]++; !fails {
		s.missed[id] = 0
	}
	s.mu.Unlock()
	if !fails || hung && arrives {
		s.hear(id, data)
	}
	switch {
	case !fails:
		s.pass(50 * time.Millisecond)
		return nil
	case hung:
		<-ctx.Done()
		return ctx.Err()
	}
	return domain.ErrThrottled
}

func (s *stage) hear(id string, data []byte) {
	var m struct{ Type, Connection string }
	if err := json.Unmarshal(data, &m); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard[id] == nil {
		s.heard[id] = map[string]string{}
	}
	s.heard[id][m.Connection] = m.Type
	s.heardInAll++
}

func (s *stage) wantTruth(run uint64) {
	page, err := s.registry.Members(s.t.Context(), chat.Audience(room), domain.Ring, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	truth := map[string]bool{}
	for _, m := range page.Members {
		truth[m.ID] = true
	}
	for _, observer := range s.observers {
		for i, who := range s.players {
			if last := s.heard[observer.ID][who.ID]; (last == "joined") != truth[who.ID] {
				s.t.Errorf("run %d: connection %d is a member: %v; the last that was heard: %q", run, i, truth[who.ID], last)
			}
		}
	}
}

// slow is a queue that takes up to a second more, for each delivery another time.
type slow struct {
	*memory.Queue
	*stage
}

// Enqueue implements domain.Queue.
func (q slow) Enqueue(ctx context.Context, ds ...domain.Delivery) error {
	q.pass(20 * time.Millisecond)
	for _, d := range ds {
		if q.fails(0.05) {
			return domain.ErrUnavailable
		}
		d.Delay += time.Duration(q.draw() * float64(time.Second))
		_ = q.Queue.Enqueue(ctx, d)
	}
	q.pass(20 * time.Millisecond)
	return nil
}

// shaky is a store that takes its time and fails now and then, before it did what it was asked, or after.
type shaky struct {
	*memory.Registry
	*stage
}

// ask does something, or not; unknown tells that it was done or not, and nobody knows.
func (s shaky) ask(do func() error) (unknown bool, err error) {
	s.pass(30 * time.Millisecond)
	defer s.pass(30 * time.Millisecond)
	switch {
	case s.fails(0.05):
		return false, domain.ErrUnavailable
	case s.fails(0.05):
		return true, domain.ErrUnavailable
	}
	err = do()
	if s.fails(0.05) {
		return true, domain.ErrUnavailable
	}
	return false, err
}

func (s shaky) Enter(ctx context.Context, c domain.Connection, a domain.Audience, max int) (created bool, err error) {
	unknown, err := s.ask(func() (err error) {
		if created, err = s.Registry.Enter(ctx, c, a, max); created {
			s.changes.Add(1)
		}
		return err
	})
	return created && err == nil || unknown, err
}

func (s shaky) Leave(ctx context.Context, id string, a domain.Audience) (left bool, err error) {
	unknown, err := s.ask(func() (err error) {
		if left, err = s.Registry.Leave(ctx, id, a); left {
			s.changes.Add(1)
		}
		return err
	})
	return left && err == nil || unknown, err
}

func (s shaky) Evict(ctx context.Context, id string, a domain.Audience) error {
	_, err := s.ask(func() error { return s.Registry.Evict(ctx, id, a) })
	return err
}

func (s shaky) Get(ctx context.Context, id string) (c domain.Connection, err error) {
	_, err = s.ask(func() (err error) { c, err = s.Registry.Get(ctx, id); return err })
	return c, err
}

func (s shaky) Remove(ctx context.Context, c domain.Connection) error {
	_, err := s.ask(func() error { return s.Registry.Remove(ctx, c) })
	return err
}

func (s shaky) Members(ctx context.Context, a domain.Audience, span domain.Span, limit int) (page domain.Page, err error) {
	_, err = s.ask(func() (err error) { page, err = s.Registry.Members(ctx, a, span, limit); return err })
	return page, err
}
