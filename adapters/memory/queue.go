package memory

import (
	"container/heap"
	"context"
	"log/slog"
	"sync"
	"time"

	"wsecho/domain"
)

var _ domain.Queue = (*Queue)(nil)

// maxReceives is how often a delivery that fails is handed out before it is dead-lettered, as the deployed queue does.
const maxReceives = 5

// maxDeadLetters is how many of the deliveries that were given up are kept: a delivery has up to 32 KB.
const maxDeadLetters = 100

// retryAfter is how long a delivery that failed stays hidden.
const retryAfter = time.Second

// Queue holds deliveries until Run works on them. Its zero value is empty and ready for use.
type Queue struct {
	// Logger is told what was dead-lettered and why. Nil is slog.Default.
	Logger *slog.Logger

	mu          sync.Mutex // Guards what follows.
	waiting     agenda
	retries     agenda
	retrying    int // How many workers work on retries.
	deadLetters []domain.Delivery
	longest     int
	wake        chan struct{}
}

type entry struct {
	domain.Delivery
	due      time.Time
	receives int
}

// agenda is a heap of entries, the one that is due first on top.
type agenda []entry

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(e any)        { *a = append(*a, e.(entry)) }

func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = entry{} // What was taken is not kept.
	*a = (*a)[:last]
	return e
}

// Enqueue implements domain.Queue. It never fails.
func (q *Queue) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	for _, d := range ds {
		due := time.Now().Add(d.Delay)
		d.Delay = 0
		q.put(entry{Delivery: d, due: due})
	}
	return nil
}

// DeadLetter implements domain.Queue. It never fails.
func (q *Queue) DeadLetter(ctx context.Context, d domain.Delivery, reason string) error {
	q.mu.Lock()
	q.deadLetters = append(q.deadLetters[max(0, len(q.deadLetters)+1-maxDeadLetters):], d)
	q.mu.Unlock()
	logger := q.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.ErrorContext(ctx, "delivery given up", "messageId", d.MessageID, "audience", d.Audience, "reason", reason)
	return nil
}

// DeadLetters returns what was given up since the start, the last 100 of it.
func (q *Queue) DeadLetters() []domain.Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]domain.Delivery(nil), q.deadLetters...)
}

// Longest returns how many deliveries have waited at the same time at most, since the start.
func (q *Queue) Longest() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.longest
}

// Run hands deliveries to a number of workers until ctx ends, and returns when they are done. Retries get a quarter of
// the workers, but one at least. A delivery whose handling fails is handed out again after a second, and dead-lettered after
// the fifth time.
func (q *Queue) Run(ctx context.Context, workers int, handle func(context.Context, domain.Delivery) error) {
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for {
				e, ok := q.take(ctx, max(workers/4, 1))
				if !ok {
					return
				}
				q.work(ctx, e, handle)
				q.done(e)
			}
		})
	}
	running.Wait()
}

func (q *Queue) work(ctx context.Context, e entry, handle func(context.Context, domain.Delivery) error) {
	err := handle(ctx, e.Delivery)
	if err == nil {
		return
	}
	if e.receives++; e.receives == maxReceives {
		_ = q.DeadLetter(ctx, e.Delivery, err.Error())
		return
	}
	e.due = time.Now().Add(retryAfter)
	q.put(e)
}

func (q *Queue) put(e entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	heap.Push(q.agenda(e), e)
	q.longest = max(q.longest, len(q.waiting)+len(q.retries))
	q.signal()
}

// agenda is where a delivery waits. q.mu is held.
func (q *Queue) agenda(e entry) *agenda {
	if e.Retry() {
		return &q.retries
	}
	return &q.waiting
}

// done makes room for another retry, if a delivery was one.
func (q *Queue) done(e entry) {
	if !e.Retry() {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.retrying--
	q.signal()
}

// take waits for a delivery that is due, a retry only if less than a number are worked on; ok is false when ctx has
// ended.
func (q *Queue) take(ctx context.Context, retries int) (e entry, ok bool) {
	for ctx.Err() == nil {
		e, ok, wake, wait := q.next(retries)
		if ok {
			return e, true
		}
		timer := time.NewTimer(wait)
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return entry{}, false
}

// next removes the first delivery that is due. If there is none it says for how long, and what is closed when
// something changes.
func (q *Queue) next(retries int) (e entry, ok bool, wake <-chan struct{}, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait = time.Hour
	first := &q.waiting
	if q.retrying < retries && len(q.retries) > 0 && (len(q.waiting) == 0 || q.retries[0].due.Before(q.waiting[0].due)) {
		first = &q.retries
	}
	if len(*first) > 0 {
		if wait = time.Until((*first)[0].due); wait <= 0 {
			e = heap.Pop(first).(entry)
			if e.Retry() {
				q.retrying++
			}
			return e, true, nil, 0
		}
	}
	if q.wake == nil {
		q.wake = make(chan struct{})
	}
	return entry{}, false, q.wake, wait
}

// signal wakes those who wait. q.mu is held.
func (q *Queue) signal() {
	if q.wake != nil {
		close(q.wake)
		q.wake = nil
	}
}
