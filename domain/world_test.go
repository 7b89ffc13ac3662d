package domain_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
)

// world is a fan-out with all that surrounds it: clients, a registry, a queue and workers, of which each can fail.
// The first of its clients are members throughout; of the others some leave and some join on the way.
type world struct {
	t       *testing.T
	members int
	faults  faults
	storm   time.Duration // How long every post is throttled at the beginning.
	limiter *domain.Limiter
	rests   *domain.Rests
	latency time.Duration
	churn   int // How many clients leave during the fan-out, and how many join.
	workers int
	// concurrency is each worker's.
	concurrency int
	// sampled worlds let a worker post to every fiftieth member that it read in order to post; to the others
	// the world itself gives the message.
	sampled bool
	ids     []string
	clients []client // In the order of ids.
	shelf   *shelf
	queue   *memory.Queue
	start   time.Time
	last    atomic.Int64 // When somebody got the message last, in nanoseconds since start.
	posts   atomic.Int64
	left    atomic.Int64

	mu sync.Mutex // Guards what follows.
	tally
}

// tally is what a world counts.
type tally struct {
	depths    map[domain.Span]int // How many deliveries stand above the one of a span.
	depth     int
	messages  int
	largest   int // Most members that one run posted to.
	killed    int
	doubled   int
	attempts  int // Highest attempt that was worked on.
	tries     int // Most posts to a client in one run.
	exhausted map[int]bool
	total     domain.Report
	handed    map[uint64]uint64 // How often a delivery was handed out, by its hash.
}

// client is one end of a connection, as the world outside sees it.
type client struct {
	received atomic.Int32
	posts    atomic.Int32
	left     atomic.Bool
}

// faults are the probabilities of what goes wrong: of the answers to a post, of clients that are gone or never read
// what they are sent, of workers that die, and of messages that the queue hands out twice.
type faults struct{ throttled, broken, timedOut, gone, deaf, killed, doubled float64 }

const (
	// worth is how long a worker works on one delivery at most.
	worth = 20 * time.Second
	// settled is how long a fan-out is given: longer than any delivery is worth trying.
	settled = domain.DeliveryLife + 10*time.Minute
)

// newWorld has a number of members, as dense as density (up to 1) tells for each position of the ring.
func newWorld(t *testing.T, members int, density func(position uint64) float64) *world {
	t.Logf("seed %d", seed)
	churn := min(members/10, 100)
	all := members + 2*churn
	w := &world{
		t: t, members: members, churn: churn, workers: 10, concurrency: 16, start: time.Now(), shelf: &shelf{since: time.Now().Add(-time.Minute)},
		queue:   &memory.Queue{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))},
		limiter: domain.NewLimiter(8000), rests: new(domain.Rests), latency: 5 * time.Millisecond,
		ids: make([]string, 0, all), clients: make([]client, all),
		tally: tally{depths: map[domain.Span]int{}, exhausted: map[int]bool{}, handed: map[uint64]uint64{}},
	}
	if members >= 100_000 { // Posting to all of them would take the race detector half a minute.
		w.sampled, w.limiter, w.latency, w.concurrency = true, domain.NewLimiter(1e9), 0, 2
	}
	random := rand.New(rand.NewPCG(seed, uint64(members)))
	for n := 0; len(w.ids) < all; n++ {
		id := newID(len(w.ids), n)
		position := domain.Position(id)
		if share := density(position); share < 1 && random.Float64() >= share {
			continue
		}
		if len(w.ids) < members+churn {
			w.shelf.add(id, position)
		}
		w.ids = append(w.ids, id)
	}
	return w
}

// newID returns an id of a client; salt makes it another one.
func newID(client, salt int) string {
	id := strconv.AppendInt(make([]byte, 0, 16), int64(client), 10)
	return string(strconv.AppendInt(append(id, '.'), int64(salt), 10))
}

// number tells which client an id belongs to.
func number(id string) int {
	n := 0
	for i := 0; id[i] != '.'; i++ {
		n = 10*n + int(id[i]-'0')
	}
	return n
}

// deliver sends one message to everyone and returns when all is over.
func (w *world) deliver() {
	ctx, cancel := context.WithTimeout(w.t.Context(), settled)
	defer cancel()
	_ = w.queue.Enqueue(ctx, domain.Delivery{
		MessageID: "m", Message: []byte(`{}`), Audience: domain.Everyone, Span: domain.Ring,
		AcceptedAt: w.start, ExpiresAt: w.start.Add(domain.DeliveryLife),
	})
	w.queue.Run(ctx, w.workers, w.run)
}

var errKilled = errors.New("the worker was killed")

// run is one worker's run of one delivery, in a process of its own that may die of it.
func (w *world) run(ctx context.Context, d domain.Delivery) error {
	fate := w.fate(d)
	p := &process{world: w, parent: d, tries: map[int]int{}, tried: map[int]bool{}, doomed: fate.Float64() < w.faults.killed}
	p.effects.Store(fate.Int64N(140))
	f := domain.FanOut{
		Registry: p, Sender: p, Queue: p, Closer: domain.Closer{Registry: p}, Limiter: w.limiter, Rests: w.rests,
		Concurrency: w.concurrency, Random: rand.Float64,
	}
	report, err := f.Deliver(ctx, d, time.Now().Add(worth))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count(p, report)
	if p.doomed {
		w.killed++
		return errKilled
	}
	return err
}

// fate decides whether the worker that has a delivery dies of it and when: the same for the same delivery, each time
// that it is handed out.
func (w *world) fate(d domain.Delivery) *rand.Rand {
	of := fnv.New64a()
	fmt.Fprint(of, d.Span, d.Attempt, d.Postponed)
	for _, m := range d.Members {
		fmt.Fprint(of, m.ID)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := of.Sum64()
	w.handed[sum]++
	return rand.New(rand.NewPCG(seed+ofDying<<32, sum+w.handed[sum]))
}

// count adds a run to the tally. w.mu is held.
func (w *world) count(p *process, r domain.Report) {
	w.attempts = max(w.attempts, p.parent.Attempt)
	w.largest = max(w.largest, len(p.tried))
	for _, tries := range p.tries {
		w.tries = max(w.tries, tries)
	}
	if p.parent.Members == nil {
		w.depth = max(w.depth, w.depths[p.parent.Span]+1)
	}
	w.total.Sent += r.Sent
	w.total.Gone += r.Gone
	w.total.Throttled += r.Throttled
	w.total.Expired += r.Expired
	if p.parent.Attempt == domain.MaxAttempts-1 {
		for n, reached := range p.tried {
			w.exhausted[n] = w.exhausted[n] || !reached
		}
	}
}

// churnSome lets one client leave and another one join, now and then.
func (w *world) churnSome() {
	if w.churn == 0 || w.posts.Add(1)%int64(w.members/w.churn) != 0 {
		return
	}
	n := int(w.left.Add(1)) - 1
	if n >= w.churn {
		return
	}
	leaves, joins := w.members+n, w.members+w.churn+n
	w.clients[leaves].left.Store(true)
	w.shelf.drop(w.ids[leaves])
	w.shelf.add(w.ids[joins], domain.Position(w.ids[joins]))
}

// The things that chance decides.
const (
	ofPost = iota
	ofBeingGone
	ofBeingDeaf
	ofDying
)

// chance draws a number in [0,1), the same one whenever it is drawn for the same.
func chance(what uint64, client, try int) float64 {
	return rand.New(rand.NewPCG(seed+what<<32, uint64(client)<<16+uint64(try))).Float64()
}

func (w *world) gone(n int) bool {
	return w.clients[n].left.Load() || w.faults.gone > 0 && chance(ofBeingGone, n, 0) < w.faults.gone
}

func (w *world) deaf(n int) bool {
	return w.faults.deaf > 0 && chance(ofBeingDeaf, n, 0) < w.faults.deaf
}
