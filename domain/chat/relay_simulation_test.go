package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
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

// TestEveryLineArrives lets many speak in a room, each in a process of its own with a clock of its own, up to two seconds
// apart. Processes die between any two requests, or stand still for longer than their lease; the store is throttled for a
// second or two at a time, and replies are lost; the queue delays, doubles and reorders; somebody doesn't read. In the end
// somebody pings, and then whoever stayed, or joined on the way, has every line that is stored.
func TestEveryLineArrives(t *testing.T) {
	simulate(t, 100, func(random *rand.Rand) scene { return scene{members: 5, faulty: true, random: random} })
}

// TestEveryLineArrivesInALargeRoom is the same in a room larger than a page.
func TestEveryLineArrivesInALargeRoom(t *testing.T) {
	simulate(t, 6, func(random *rand.Rand) scene { return scene{members: 150, faulty: true, random: random} })
}

// TestFramesAscend while one relay lives, and hold no line twice, whatever the queue does, and whatever speakers die before
// they have written.
func TestFramesAscend(t *testing.T) {
	simulate(t, 100, func(random *rand.Rand) scene { return scene{members: 5, random: random} })
}

func simulate(t *testing.T, runs uint64, of func(*rand.Rand) scene) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	var all sceneCount
	for run := range runs {
		synctest.Test(t, func(t *testing.T) {
			s := of(rand.New(rand.NewPCG(seed, run)))
			s.open(t)
			s.play()
			s.judge(run)
			all.add(s.sceneCount)
		})
		if t.Failed() {
			break
		}
	}
	t.Logf("%+v", all)
}

// sceneCount is what happened.
type sceneCount struct{ stored, voids, sent, lines, died, paused, failed, takeovers, handOns int }

func (c *sceneCount) add(o sceneCount) {
	c.stored, c.voids, c.sent, c.lines = c.stored+o.stored, c.voids+o.voids, c.sent+o.sent, c.lines+o.lines
	c.died, c.paused, c.failed = c.died+o.died, c.paused+o.paused, c.failed+o.failed
	c.takeovers, c.handOns = c.takeovers+o.takeovers, c.handOns+o.handOns
}

// scene is a room with all that surrounds it.
type scene struct {
	members int
	// takes is how long each request takes; 0 is any time.
	takes time.Duration
	// faulty scenes have processes that die, pause and have wrong clocks, and a store that fails.
	faulty bool

	t        *testing.T
	registry *memory.Registry
	store    *chatmemory.Store
	rests    *domain.Rests
	ids      atomic.Int64
	speakers []domain.Caller
	deaf     domain.Caller
	workers  chan struct{} // Has as many places as there are workers.
	running  sync.WaitGroup

	mu        sync.Mutex // Guards what follows.
	random    *rand.Rand
	calm      bool
	throttled time.Time                   // Until when the store is.
	received  map[string]map[int64]bool   // By who stays, or joined.
	frames    map[string][][]chat.Message // By who stays.
	sceneCount
}

func (s *scene) open(t *testing.T) {
	s.t, s.registry, s.store, s.rests = t, new(memory.Registry), new(chatmemory.Store), new(domain.Rests)
	s.received, s.frames, s.workers = map[string]map[int64]bool{}, map[string][][]chat.Message{}, make(chan struct{}, 3)
	for range s.members {
		s.received[s.enter().ID] = map[int64]bool{}
	}
	s.speakers, s.deaf = []domain.Caller{s.enter(), s.enter(), s.enter()}, s.enter()
}

// enter connects somebody who is in the room.
func (s *scene) enter() domain.Caller {
	who := s.connect()
	if _, err := s.registry.Enter(s.t.Context(), who.Connection, chat.Audience(room), 1); err != nil {
		s.t.Fatal(err)
	}
	return who
}

func (s *scene) connect() domain.Caller {
	c := domaintest.NewConnection("")
	if err := s.registry.Connect(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	return domain.Caller{Connection: c, Grants: domain.AllGrants}
}

func (s *scene) newID() string {
	ms := time.Now().UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-%012x", ms>>16, ms&0xffff, s.ids.Add(1))
}

func (s *scene) draw() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64()
}

// happens is true with a probability, unless it is calm.
func (s *scene) happens(probability float64) bool {
	drawn := s.draw()
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.calm && drawn < probability
}

// pass takes up to a time.
func (s *scene) pass(most time.Duration) { time.Sleep(time.Duration(s.draw() * float64(most))) }

// note changes what is guarded.
func (s *scene) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// play lets everybody talk for ten seconds, and two join on the way. When everything has come to rest a member pings.
func (s *scene) play() {
	for i := range 12 {
		s.running.Go(func() { s.talk(s.speakers[i%len(s.speakers)], i) })
	}
	for range 2 {
		s.running.Go(s.join)
	}
	s.running.Wait()
	s.note(func() { s.calm = true })
	for range 3 {
		time.Sleep(time.Minute)
		if _, err := s.process(false).chat().Ping(s.t.Context(), s.speakers[0], []string{room}); err != nil {
			s.t.Error(err)
		}
		s.running.Wait()
	}
}

// talk says something now and then, some of it with a key and again if it may not have been said.
func (s *scene) talk(who domain.Caller, number int) {
	for line := range 6 {
		s.pass(3 * time.Second)
		key := ""
		if line%2 == 0 {
			key = fmt.Sprint("0123456789abcdef", number, line)
		}
		data := quoted(fmt.Sprint(number, " ", line))
		for try := 0; ; try++ {
			said := false
			var once sync.WaitGroup
			once.Go(func() { // A process that dies takes its goroutine along.
				_, err := s.process(true).chat().Say(s.t.Context(), who, room, data, key)
				said = err == nil
			})
			if once.Wait(); said || key == "" || try == 5 {
				break
			}
			s.pass(2 * time.Second)
		}
	}
}

// join is somebody who comes on the way, and has what the answer has.
func (s *scene) join() {
	s.pass(10 * time.Second)
	who := s.connect()
	s.note(func() { s.received[who.ID] = map[int64]bool{} })
	for {
		joined, err := s.process(false).chat().Join(s.t.Context(), who, room, nil)
		s.note(func() {
			for _, m := range joined.Messages {
				s.received[who.ID][m.Seq] = true
			}
		})
		if err == nil && !joined.More {
			return
		}
		s.pass(time.Second)
	}
}

// judge wants every line that is stored to have arrived everywhere.
func (s *scene) judge(run uint64) {
	head, err := s.store.Head(s.t.Context(), room)
	entries, cut, read := s.store.Read(s.t.Context(), room, head.Epoch, chat.Range{From: 1, To: head.Seq})
	if err != nil || read != nil || cut {
		s.t.Fatal(err, read, cut)
	}
	// Whoever died when everything was relayed leaves a lease behind, which ends by itself.
	if head.Relayed != head.Seq || head.Owner != "" && (!s.faulty || time.Now().Before(head.Until)) {
		s.t.Errorf("run %d: at last the head is %+v", run, head)
	}
	for _, e := range entries {
		if s.stored++; e.Void {
			s.voids++
			continue
		}
		for id, received := range s.received {
			if !received[e.Seq] {
				s.t.Errorf("run %d: %s is stored at %d, and %s never got it", run, e.Data, e.Seq, id)
				return
			}
		}
	}
	for _, frames := range s.frames {
		if !s.faulty {
			s.wantAscending(run, frames)
		}
	}
}

// wantAscending wants frames to be dense and to follow one another.
func (s *scene) wantAscending(run uint64, frames [][]chat.Message) {
	last := int64(0)
	for _, f := range frames {
		for _, m := range f {
			if m.Seq <= last {
				s.t.Errorf("run %d: %d came after %d", run, m.Seq, last)
			}
			last = m.Seq
		}
	}
}

// process is a Lambda that handles one event, with a clock of its own.
type process struct {
	*scene
	skew   time.Duration
	mortal bool
	dead   atomic.Bool
}

func (s *scene) process(mortal bool) *process {
	p := &process{scene: s, mortal: mortal}
	if s.faulty {
		p.skew = time.Duration((s.draw() - 0.5) * float64(2*time.Second))
	}
	return p
}

func (p *process) relay() *chat.Relay {
	registry := members{p.registry, p}
	return &chat.Relay{
		Log: p, Relays: p, HandOns: p, NewID: p.newID, HistoryDays: 1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		FanOut: &domain.FanOut{
			Registry: registry, Sender: p, Queue: p, Closer: domain.Closer{Registry: registry}, Limiter: domain.NewLimiter(1e6),
			Rests: p.rests, Concurrency: 16, Random: p.draw,
		},
		Ran: func(r chat.Round) {
			p.note(func() {
				if r.TakenOver {
					p.takeovers++
				}
			})
		},
	}
}

func (p *process) chat() *chat.Chat {
	relay := p.relay()
	return &chat.Chat{
		Registry: relay.FanOut.Registry, Memberships: p.registry, Log: p, IdempotencyKeys: p, FanOut: relay.FanOut, Relay: relay,
		Policy: domain.ByGrants{}, NewID: p.newID, HistoryDays: 1,
	}
}

// live lets time pass, and ends the process if it dies.
func (p *process) live(fatality float64) {
	if p.dead.Load() {
		runtime.Goexit()
	}
	if p.takes > 0 {
		time.Sleep(p.takes / 2) // And as much when it was done.
	} else {
		p.pass(15 * time.Millisecond)
	}
	if p.faulty && p.happens(0.004) {
		p.note(func() { p.paused++ })
		time.Sleep(4*time.Second + time.Duration(p.draw()*float64(8*time.Second)))
	}
	if p.mortal && p.happens(fatality) {
		p.dead.Store(true)
		p.note(func() { p.died++ })
		runtime.Goexit()
	}
}

// ask makes a request, which may fail before or after it was done, or be repeated because its reply was lost.
func (p *process) ask(do func() error) error {
	fatality := 0.0
	if p.faulty {
		fatality = 0.01
	}
	p.live(fatality)
	if p.fails() {
		return fmt.Errorf("%w: throttled", domain.ErrUnavailable)
	}
	err := do()
	if p.faulty && p.happens(0.02) {
		err = do()
	}
	p.live(fatality)
	if p.faulty && p.happens(0.01) {
		p.note(func() { p.failed++ })
		return fmt.Errorf("%w: unheard", domain.ErrUnavailable)
	}
	return err
}

// fails tells whether the store is throttled at the moment, which it begins to be now and then.
func (p *process) fails() bool {
	if !p.faulty {
		return false
	}
	if p.happens(0.004) {
		p.note(func() { p.throttled = time.Now().Add(time.Duration(p.random.Float64() * float64(2*time.Second))) })
	}
	fails := false
	p.note(func() {
		if fails = !p.calm && time.Now().Before(p.throttled); fails {
			p.failed++
		}
	})
	if fails {
		p.pass(time.Second)
	}
	return fails
}

// seen is a head as the process's clock has it.
func (p *process) seen(h chat.Head) chat.Head {
	h.At = h.At.Add(-p.skew)
	if h.Owner != "" {
		h.Until = h.Until.Add(-p.skew)
	}
	return h
}

func (p *process) head(do func() (chat.Head, error)) (head chat.Head, err error) {
	err = p.ask(func() (err error) { head, err = do(); return err })
	return p.seen(head), err
}

func (p *process) Advance(ctx context.Context, room, epoch string, at time.Time) (chat.Head, error) {
	return p.head(func() (chat.Head, error) { return p.store.Advance(ctx, room, epoch, at.Add(p.skew)) })
}

func (p *process) Head(ctx context.Context, room string) (chat.Head, error) {
	return p.head(func() (chat.Head, error) { return p.store.Head(ctx, room) })
}

// Write implements chat.Log. In any scene some speakers die before they write.
func (p *process) Write(ctx context.Context, room string, e chat.Entry, key *chat.IdempotencyKey) (stored chat.Entry, err error) {
	if !e.Void && p.mortal {
		p.live(0.03)
	}
	e.At = e.At.Add(p.skew)
	err = p.ask(func() (err error) { stored, err = p.store.Write(ctx, room, e, key); return err })
	stored.At = stored.At.Add(-p.skew)
	return stored, err
}

func (p *process) Read(ctx context.Context, room, epoch string, r chat.Range) (entries []chat.Entry, cut bool, err error) {
	err = p.ask(func() (err error) { entries, cut, err = p.store.Read(ctx, room, epoch, r); return err })
	for i := range entries {
		entries[i].At = entries[i].At.Add(-p.skew)
	}
	return entries, cut, err
}

func (p *process) Find(ctx context.Context, user, key string) (sent chat.Sent, err error) {
	err = p.ask(func() (err error) { sent, err = p.store.Find(ctx, user, key); return err })
	return sent, err
}

func (p *process) Use(ctx context.Context, key chat.IdempotencyKey) error {
	return p.ask(func() error { return p.store.Use(ctx, key) })
}

func (p *process) Acquire(ctx context.Context, room, owner string, seq int64, now, until time.Time) (chat.Head, error) {
	return p.head(func() (chat.Head, error) {
		return p.store.Acquire(ctx, room, owner, seq, now.Add(p.skew), until.Add(p.skew))
	})
}

func (p *process) TakeOver(ctx context.Context, room, from, owner string, until time.Time) (chat.Head, error) {
	return p.head(func() (chat.Head, error) { return p.store.TakeOver(ctx, room, from, owner, until.Add(p.skew)) })
}

func (p *process) Renew(ctx context.Context, room, owner string, relayed int64, until time.Time) (chat.Head, error) {
	return p.head(func() (chat.Head, error) { return p.store.Renew(ctx, room, owner, relayed, until.Add(p.skew)) })
}

func (p *process) Release(ctx context.Context, room, owner string, relayed int64) (chat.Head, error) {
	return p.head(func() (chat.Head, error) { return p.store.Release(ctx, room, owner, relayed) })
}

// members is the registry as a process reads it.
type members struct {
	*memory.Registry
	*process
}

// Get implements domain.Registry.
func (m members) Get(ctx context.Context, id string) (c domain.Connection, err error) {
	err = m.ask(func() (err error) { c, err = m.Registry.Get(ctx, id); return err })
	return c, err
}

// Members implements domain.Registry.
func (m members) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (page domain.Page, err error) {
	err = m.ask(func() (err error) { page, err = m.Registry.Members(ctx, a, s, limit); return err })
	return page, err
}

// Send implements domain.Sender. Who is deaf is throttled or never answers. Others are never missed, which would leave
// them to history.
func (p *process) Send(ctx context.Context, id string, data []byte) error {
	if p.dead.Load() {
		runtime.Goexit()
	}
	if id == p.deaf.ID {
		if p.draw() < 0.5 {
			return domain.ErrThrottled
		}
		<-ctx.Done()
		return ctx.Err()
	}
	p.pass(50 * time.Millisecond)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var frame struct {
		Type     string
		Messages []chat.Message
	}
	if err := json.Unmarshal(data, &frame); err != nil {
		p.t.Error(err)
	}
	if frame.Type != "messages" {
		return nil // Somebody joined.
	}
	p.note(func() { p.hear(id, frame.Messages) })
	return nil
}

// hear notes a frame. p.mu is held.
func (p *process) hear(id string, messages []chat.Message) {
	if p.received[id] == nil {
		return
	}
	p.sent, p.lines = p.sent+1, p.lines+len(messages)
	p.frames[id] = append(p.frames[id], messages)
	for _, m := range messages {
		p.received[id][m.Seq] = true
	}
}

// HandOn implements chat.HandOns.
func (p *process) HandOn(ctx context.Context, h chat.HandOn) error {
	return p.enqueue(func() {
		p.note(func() { p.handOns++ })
		p.work(func(w *process) error { return w.relay().Continue(ctx, h) })
	})
}

// Enqueue implements domain.Queue.
func (p *process) Enqueue(ctx context.Context, ds ...domain.Delivery) error {
	for _, d := range ds {
		err := p.enqueue(func() {
			time.Sleep(d.Delay)
			p.work(func(w *process) error {
				_, err := w.relay().FanOut.Deliver(ctx, d, time.Now().Add(20*time.Second))
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DeadLetter implements domain.Queue.
func (p *process) DeadLetter(context.Context, domain.Delivery, string) error { return nil }

// enqueue has something worked on later, or twice.
func (p *process) enqueue(work func()) error {
	return p.ask(func() error {
		for again := true; again; again = p.happens(0.1) {
			delay := time.Duration(p.draw() * float64(300*time.Millisecond))
			if p.happens(0.05) {
				delay *= 20
			}
			p.running.Go(func() {
				time.Sleep(delay)
				work()
			})
		}
		return nil
	})
}

// work has one of the workers do something, and again after fifteen seconds if it failed or died.
func (s *scene) work(do func(*process) error) {
	for {
		s.workers <- struct{}{}
		err := errors.New("died")
		var once sync.WaitGroup
		once.Go(func() { err = do(s.process(true)) })
		once.Wait()
		<-s.workers
		if err == nil {
			return
		}
		time.Sleep(15 * time.Second)
	}
}
