package main

import (
	"context"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"wsecho/adapters/chat/chatmemory"
	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/functions/internal/wiring"
)

// How long things take. None of it was measured on AWS; it is what its services take as a rule.
const (
	tableTakes = 5 * time.Millisecond
	postTakes  = 20 * time.Millisecond
	queueTakes = 10 * time.Millisecond
	// pickedUp is how long a message lies on a queue at least until a worker has it.
	pickedUp = 33 * time.Millisecond
	// callTakes is a Lambda's own work in a call.
	callTakes = 5 * time.Millisecond
)

// The memory of the functions in the template, in GB: those that connect and disconnect, and all others.
const (
	smallFunction = 0.25
	function      = 0.5
)

// workerTime is how long a worker goes on with one delivery.
const workerTime = 8 * time.Second

// share is what one worker posts a second; see wiring.
func (o options) share() float64 {
	return float64(o.rate) / float64(2*o.workers+wiring.RetryConcurrency)
}

// scene is what surrounds the code that is simulated. Nothing in it fails.
type scene struct {
	t        *testing.T
	share    float64
	registry domain.Registry
	members  *memory.Registry // What the registry is, but for broadcasts.
	store    *chatmemory.Store
	deliver  *workers // Behind the queue of deliveries.
	relay    *workers // Behind that of rooms.
	ran      func(chat.Round)

	mu sync.Mutex // Guards what follows.
	usage
}

func newScene(t *testing.T, o options) *scene {
	s := &scene{t: t, share: o.share(), members: new(memory.Registry), store: new(chatmemory.Store)}
	s.registry, s.ran = s.members, func(chat.Round) {}
	s.deliver, s.relay = s.newWorkers(o.workers), s.newWorkers(o.workers)
	return s
}

// used returns what was used since the scene began.
func (s *scene) used() usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.usage
}

func (s *scene) count(k kind, n float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usage[k] += n
}

// settle waits until no worker has anything to do.
func (s *scene) settle() {
	s.deliver.running.Wait()
	s.relay.running.Wait()
}

// close ends the workers.
func (s *scene) close() {
	s.settle()
	close(s.deliver.jobs)
	close(s.relay.jobs)
}

// call has a Lambda, which posts by a limiter, handle an event that stands for a number of them.
func (s *scene) call(memory, weight float64, limiter *domain.Limiter, handle func(*process) error) {
	p := &process{scene: s, weight: weight, limiter: limiter}
	began := time.Now()
	time.Sleep(callTakes)
	if err := handle(p); err != nil {
		s.t.Error(err)
	}
	took := time.Since(began).Seconds()
	p.count(calls, 1)
	p.count(seconds, took)
	p.count(gigabyte, took*memory)
}

// message is a call for what a client sent, which is answered.
func (s *scene) message(handle func(*process) error) {
	s.count(received, 1)
	s.count(answers, 1)
	s.count(units, 2)
	s.call(function, 1, domain.NewLimiter(s.share), handle)
}

// workers take jobs off a queue, each in a process of its own.
type workers struct {
	jobs    chan job
	running sync.WaitGroup

	mu      sync.Mutex // Guards what follows.
	waiting float64
	deepest float64
}

// job is a message on a queue that stands for a number of them.
type job struct {
	weight float64
	do     func(context.Context, *process) error
}

// mostJobs is more than wait at any time.
const mostJobs = 1 << 20

func (s *scene) newWorkers(n int) *workers {
	w := &workers{jobs: make(chan job, mostJobs)}
	for range n {
		limiter := domain.NewLimiter(s.share)
		go func() {
			for j := range w.jobs {
				w.note(-j.weight)
				s.count(queue, 2*j.weight) // To receive it and to delete it.
				s.call(function, j.weight, limiter, func(p *process) error { return j.do(s.t.Context(), p) })
				w.running.Done()
			}
		}()
	}
	return w
}

// put queues a job after a delay.
func (w *workers) put(j job, delay time.Duration) {
	w.running.Add(1)
	time.AfterFunc(pickedUp+delay, func() {
		w.note(j.weight)
		w.jobs <- j
	})
}

// note counts how many wait.
func (w *workers) note(n float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting += n
	w.deepest = math.Max(w.deepest, w.waiting)
}

// process is a Lambda that handles an event. Its methods are all ports that the code asks.
type process struct {
	*scene
	weight  float64
	limiter *domain.Limiter
}

func (p *process) count(k kind, n float64) { p.scene.count(k, n*p.weight) }

// fanOut posts by way of a queue.
func (p *process) fanOut(to *workers) *domain.FanOut {
	return &domain.FanOut{
		Registry: p, Sender: p, Queue: line{p, to}, Closer: domain.Closer{Registry: p, Memberships: p}, Limiter: p.limiter,
		Concurrency: wiring.PostConcurrency, Random: rand.Float64,
	}
}

func (p *process) relaying() *chat.Relay {
	return &chat.Relay{
		Log: p, Relays: p, FanOut: p.fanOut(p.relay), HandOns: line{p, p.relay}, NewID: newID, HistoryDays: 1,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Ran: p.ran,
	}
}

func (p *process) chat() *chat.Chat {
	return &chat.Chat{
		Registry: p, Memberships: p, Log: p, IdempotencyKeys: p, FanOut: p.fanOut(p.deliver), Relay: p.relaying(),
		Policy: domain.ByGrants{}, Limit: limit(p), NewID: newID, HistoryDays: 1,
	}
}

// limit is so large that nobody is refused.
func limit(q domain.Quotas) domain.RateLimit { return domain.RateLimit{Quotas: q, PerMinute: 1e6} }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// Send implements domain.Sender.
func (p *process) Send(_ context.Context, _ string, data []byte) error {
	p.count(posts, 1)
	p.count(units, math.Ceil(float64(len(data))/(32<<10)))
	time.Sleep(postTakes)
	return nil
}

// line is a queue as a process sees it.
type line struct {
	*process
	to *workers
}

// Enqueue implements domain.Queue.
func (l line) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	l.send(len(ds))
	for _, d := range ds {
		delay := d.Delay
		d.Delay = 0
		l.to.put(job{l.weight, func(ctx context.Context, p *process) error {
			_, err := p.fanOut(l.to).Deliver(ctx, d, time.Now().Add(workerTime))
			return err
		}}, delay)
	}
	return nil
}

// send asks the queue to take messages, in batches of ten.
func (l line) send(messages int) {
	l.count(queue, math.Ceil(float64(messages)/10))
	time.Sleep(queueTakes)
}

// DeadLetter implements domain.Queue. Nothing fails, so nothing is given up.
func (l line) DeadLetter(_ context.Context, _ domain.Delivery, reason string) error {
	l.t.Error("a delivery was given up: ", reason)
	return nil
}

// HandOn implements chat.HandOns.
func (l line) HandOn(_ context.Context, h chat.HandOn) error {
	l.send(1)
	l.to.put(job{l.weight, func(ctx context.Context, p *process) error { return p.relaying().Continue(ctx, h) }}, 0)
	return nil
}
