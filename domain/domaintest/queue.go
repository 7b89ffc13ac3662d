package domaintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/domain"
)

// WorkedQueue is a queue with what works on it.
type WorkedQueue interface {
	domain.Queue
	// Run hands deliveries to a number of workers until ctx ends, and returns when they are done. Retries get a few of
	// the workers, or one beside them. One whose handling fails is handed out again within seconds, and dead-lettered after the fifth time.
	Run(ctx context.Context, workers int, handle func(context.Context, domain.Delivery) error)
	// DeadLetters returns what was dead-lettered so far.
	DeadLetters() []domain.Delivery
}

// TestQueue runs the contract of domain.Queue. open returns an empty queue that nobody works on; it is called once
// for every test. The tests wait for as long as a real queue takes, but never longer than they must.
func TestQueue(t *testing.T, open func(*testing.T) WorkedQueue) {
	tests := map[string]func(*testing.T, WorkedQueue){
		"everything enqueued is handed out":         everythingIsHandedOut,
		"a delivery is handed out as it was stored": fieldsSurvive,
		"many large messages":                       largeMessages,
		"a delay is kept":                           delays,
		"what failed is handed out again":           failuresAreRepeated,
		"what keeps failing is dead-lettered":       poisonIsDeadLettered,
		"what was dead-lettered is found":           deadLettered,
		"nothing to enqueue":                        nothing,
		"retries leave workers to the others":       retriesLeaveWorkers,
		"retries are worked on beside the others":   retriesAreWorkedOn,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// timeout is how long a delivery may take before the queue is said to have lost it.
const timeout = time.Minute

// newDelivery returns one to everyone.
func newDelivery(messageID string) domain.Delivery {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return domain.Delivery{
		MessageID: messageID, Message: json.RawMessage(`{"x":1}`), Audience: domain.Everyone, Span: domain.Ring,
		AcceptedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// work handles deliveries until stop is called, which waits for the workers.
func work(t *testing.T, q WorkedQueue, workers int, handle func(domain.Delivery) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		q.Run(ctx, workers, func(_ context.Context, d domain.Delivery) error { return handle(d) })
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

// receive returns n deliveries, of each message the first.
func receive(t *testing.T, q WorkedQueue, workers, n int) map[string]domain.Delivery {
	t.Helper()
	arrived := make(chan domain.Delivery)
	over := make(chan struct{})
	stop := work(t, q, workers, func(d domain.Delivery) error {
		select {
		case arrived <- d:
		case <-over:
		}
		return nil
	})
	defer stop()
	defer close(over)
	got := map[string]domain.Delivery{}
	for late := time.After(timeout); len(got) < n; {
		select {
		case d := <-arrived:
			if _, known := got[d.MessageID]; !known {
				got[d.MessageID] = d
			}
		case <-late:
			t.Fatalf("%d of %d deliveries arrived within %v", len(got), n, timeout)
		}
	}
	return got
}

func enqueue(t *testing.T, q domain.Queue, ds ...domain.Delivery) {
	t.Helper()
	if err := q.Enqueue(t.Context(), ds...); err != nil {
		t.Fatalf("Enqueue of %d deliveries: %v", len(ds), err)
	}
}

// everythingIsHandedOut has 10 goroutines enqueue, some more than a batch, while 4 workers take.
func everythingIsHandedOut(t *testing.T, q WorkedQueue) {
	const goroutines, each = 10, 25
	go together(goroutines, func(i int) {
		var ds []domain.Delivery
		for k := range each {
			ds = append(ds, newDelivery(fmt.Sprintf("%d-%d", i, k)))
		}
		if err := q.Enqueue(t.Context(), ds...); err != nil {
			t.Errorf("Enqueue: %v", err)
		}
	})
	receive(t, q, 4, goroutines*each)
}

func fieldsSurvive(t *testing.T, q WorkedQueue) {
	span := newDelivery("span")
	span.Span = domain.Ring.Split(7)[3]
	span.Except, span.MaxMembers = []string{"a=", "b="}, 100
	span.Message = json.RawMessage("{\"text\":\"<&> \\u0000 \u2028 \U0001F600 \uffff \\\" é\",\"n\":1.50,\"big\":12345678901234567890}")
	members := newDelivery("members")
	members.Audience, members.Attempt, members.ExpiresAt = "room:r", 3, members.ExpiresAt.Add(-time.Minute)
	members.Postponed, members.Repairable = 2, true
	members.Members = []domain.Member{
		{ID: NewID(), ConnectedAt: members.AcceptedAt.Add(-time.Hour), User: "ada", ExpiresAt: members.AcceptedAt.Add(time.Hour)},
		{ID: NewID()},
	}
	members.Condition = &domain.Condition{Connection: "c=", Member: true, Otherwise: json.RawMessage(`{"text":"<\uffff>"}`)}
	enqueue(t, q, span, members)
	got := receive(t, q, 1, 2)
	wantDelivery(t, got["span"], span)
	wantDelivery(t, got["members"], members)
}

// wantCondition compares conditions; of the message, what its JSON means.
func wantCondition(t *testing.T, got, want *domain.Condition) {
	t.Helper()
	switch {
	case got == nil || want == nil:
		if got != want {
			t.Errorf("the condition is %+v, want %+v", got, want)
		}
	case got.Connection != want.Connection || got.Member != want.Member || !reflect.DeepEqual(plain(t, got.Otherwise), plain(t, want.Otherwise)):
		t.Errorf("the condition is %+v, want %+v", *got, *want)
	}
}

// wantDelivery compares deliveries; of the message, what its JSON means.
func wantDelivery(t *testing.T, got, want domain.Delivery) {
	t.Helper()
	if !reflect.DeepEqual(plain(t, got.Message), plain(t, want.Message)) {
		t.Errorf("the message is %.200s, want %.200s", got.Message, want.Message)
	}
	got.Message, want.Message = nil, nil
	wantCondition(t, got.Condition, want.Condition)
	got.Condition, want.Condition = nil, nil
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func plain(t *testing.T, text json.RawMessage) (value any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Errorf("%.100s: %v", text, err)
	}
	return value
}

// largeMessages enqueues, at once, more than any batch of a real queue takes.
func largeMessages(t *testing.T, q WorkedQueue) {
	var ds []domain.Delivery
	for i := range 12 {
		d := newDelivery(fmt.Sprint(i))
		d.Message = json.RawMessage(`"` + strings.Repeat("é", 60<<10) + `"`)
		for range 125 {
			d.Members = append(d.Members, domain.Member{ID: NewID(), ConnectedAt: d.AcceptedAt, User: strings.Repeat("u", 64)})
		}
		ds = append(ds, d)
	}
	enqueue(t, q, ds...)
	got := receive(t, q, 2, len(ds))
	for _, want := range ds {
		wantDelivery(t, got[want.MessageID], want)
	}
}

func delays(t *testing.T, q WorkedQueue) {
	late := newDelivery("late")
	late.Delay = 1500 * time.Millisecond
	began := time.Now()
	enqueue(t, q, late, newDelivery("at once"))
	got := receive(t, q, 1, 2)
	// Real queues count whole seconds from their own clock's tick.
	if took := time.Since(began); took < time.Second {
		t.Errorf("a delivery with a delay of %v was handed out after %v", late.Delay, took)
	}
	if d := got["late"]; d.Delay != 0 {
		t.Errorf("a delivery was handed out with a delay of %v", d.Delay)
	}
}

func failuresAreRepeated(t *testing.T, q WorkedQueue) {
	enqueue(t, q, newDelivery("fails"), newDelivery("works"))
	var failed atomic.Int32
	done := make(chan struct{})
	work(t, q, 2, func(d domain.Delivery) error {
		if d.MessageID != "fails" {
			return nil
		}
		if failed.Add(1) <= 2 {
			return errors.New("fails on purpose")
		}
		if failed.Load() == 3 {
			close(done)
		}
		return nil
	})
	await(t, "the third time", done)
	if len(q.DeadLetters()) > 0 {
		t.Error("something was dead-lettered")
	}
}

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(timeout):
		t.Fatalf("%s did not come within %v", what, timeout)
	}
}

func poisonIsDeadLettered(t *testing.T, q WorkedQueue) {
	want := newDelivery("poison")
	enqueue(t, q, want)
	var times atomic.Int32
	work(t, q, 1, func(domain.Delivery) error {
		times.Add(1)
		return errors.New("fails on purpose")
	})
	got := awaitDeadLetter(t, q)
	wantDelivery(t, got, want)
	if times.Load() != 5 {
		t.Errorf("dead-lettered after %d times", times.Load())
	}
}

// awaitDeadLetter returns the delivery that is dead-lettered first.
func awaitDeadLetter(t *testing.T, q WorkedQueue) domain.Delivery {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for late := time.After(timeout); ; {
		if found := q.DeadLetters(); len(found) > 0 {
			return found[0]
		}
		select {
		case <-ticker.C:
		case <-late:
			t.Fatalf("nothing was dead-lettered within %v", timeout)
		}
	}
}

func deadLettered(t *testing.T, q WorkedQueue) {
	want := newDelivery("given up")
	want.Attempt = domain.MaxAttempts
	want.Members = []domain.Member{{ID: NewID(), ConnectedAt: want.AcceptedAt}}
	if err := q.DeadLetter(t.Context(), want, "not reached, é"); err != nil {
		t.Fatalf("DeadLetter: %v", err)
	}
	wantDelivery(t, awaitDeadLetter(t, q), want)
	enqueue(t, q, newDelivery("other"))
	if got := receive(t, q, 1, 1); len(got) != 1 || got["other"].MessageID == "" {
		t.Errorf("what was dead-lettered was handed out: %v", got)
	}
}

func nothing(t *testing.T, q WorkedQueue) { enqueue(t, q) }

// retry is a delivery that earlier runs failed with.
func retry(messageID string) domain.Delivery {
	d := newDelivery(messageID)
	d.Members, d.Attempt = []domain.Member{{ID: NewID()}}, 1
	return d
}

// retriesLeaveWorkers has more retries than there are workers, none of which ends before all others are done.
func retriesLeaveWorkers(t *testing.T, q WorkedQueue) {
	for i := range 8 {
		enqueue(t, q, retry(fmt.Sprint("retry ", i)))
	}
	const others = 20
	done, release := make(chan struct{}), make(chan struct{})
	var worked atomic.Int32
	work(t, q, 4, func(d domain.Delivery) error {
		if d.Retry() {
			<-release
		} else if worked.Add(1) == others {
			close(done)
		}
		return nil
	})
	defer close(release)
	for i := range others {
		enqueue(t, q, newDelivery(fmt.Sprint(i)))
	}
	await(t, "what is new, beside retries that hang,", done)
}

// retriesAreWorkedOn has retries of both kinds while there is always something new to do.
func retriesAreWorkedOn(t *testing.T, q WorkedQueue) {
	postponed := retry("postponed")
	postponed.Attempt, postponed.Postponed = 0, 1
	enqueue(t, q, retry("failed"), postponed)
	var left atomic.Int32
	left.Store(2)
	done := make(chan struct{})
	work(t, q, 4, func(d domain.Delivery) error {
		if !d.Retry() {
			return q.Enqueue(t.Context(), newDelivery("another"))
		}
		if left.Add(-1) == 0 {
			close(done)
		}
		return nil
	})
	enqueue(t, q, newDelivery("one"))
	await(t, "the retries", done)
}
