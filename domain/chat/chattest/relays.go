package chattest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/domain/chat"
)

// RelayStore is what keeps the logs of rooms and who relays them.
type RelayStore interface {
	chat.Log
	chat.Relays
}

// TestRelays runs the contract of chat.Relays. open returns an empty store; it is called once for every test.
func TestRelays(t *testing.T, open func(*testing.T) RelayStore) {
	tests := map[string]func(*testing.T, RelayStore){
		"a room without a log has no relay":       nothingToRelay,
		"a lease is acquired, and shown":          acquired,
		"a lease is not acquired while it lives":  leaseLives,
		"what is relayed is not acquired":         relayedAlready,
		"a lease is taken over from who had it":   takenOver,
		"only the relay renews":                   renewed,
		"a lease ends when everything is relayed": released,
		"rooms are apart":                         roomsApart,
		"one of many acquires":                    acquireRaces,
		"nothing is overlooked":                   func(t *testing.T, s RelayStore) { nothingOverlooked(t, s, 0) },
		"nothing is overlooked while relays die":  func(t *testing.T, s RelayStore) { nothingOverlooked(t, s, 0.2) },
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// tries is a store with whose calls a test is done when one fails that should not.
type tries struct {
	RelayStore
	t *testing.T
}

func (s tries) advance(n int) (head chat.Head) {
	s.t.Helper()
	for range n {
		var err error
		if head, err = s.Advance(s.t.Context(), "r", "e", now()); err != nil {
			s.t.Fatal(err)
		}
	}
	return head
}

// want wants a head that was returned to be what is stored, with a position and an owner.
func (s tries) want(head chat.Head, err error, refused bool, relayed int64, owner string, until time.Time) {
	s.t.Helper()
	if refused != errors.Is(err, chat.ErrLease) || err != nil && !refused {
		s.t.Errorf("the error is %v, want ErrLease: %v", err, refused)
	}
	stored, err := s.Head(s.t.Context(), "r")
	if err != nil || !same(stored, head) {
		s.t.Errorf("returned %+v, stored %+v, %v", head, stored, err)
	}
	if head.Relayed != relayed || head.Owner != owner || !head.Until.Equal(until) {
		s.t.Errorf("the head is %+v, want it relayed to %d by %q until %v", head, relayed, owner, until)
	}
}

func same(a, b chat.Head) bool {
	times := a.At.Equal(b.At) && a.Until.Equal(b.Until)
	b.At, b.Until = a.At, a.Until
	return times && a == b
}

func nothingToRelay(t *testing.T, s RelayStore) {
	for name, call := range map[string]func() (chat.Head, error){
		"Acquire":  func() (chat.Head, error) { return s.Acquire(t.Context(), "r", "o", 1, now(), now().Add(time.Hour)) },
		"TakeOver": func() (chat.Head, error) { return s.TakeOver(t.Context(), "r", "o", "p", now()) },
		"Renew":    func() (chat.Head, error) { return s.Renew(t.Context(), "r", "o", 1, now()) },
		"Release":  func() (chat.Head, error) { return s.Release(t.Context(), "r", "o", 0) },
	} {
		if head, err := call(); !errors.Is(err, chat.ErrLease) || head != (chat.Head{}) {
			t.Errorf("%s = %+v, %v", name, head, err)
		}
	}
	if head, err := s.Head(t.Context(), "r"); err != nil || head != (chat.Head{}) {
		t.Errorf("Head = %+v, %v", head, err)
	}
}

func acquired(t *testing.T, s RelayStore) {
	r := tries{s, t}
	if head := r.advance(2); head.Relayed != 0 || head.Owner != "" || !head.Until.IsZero() {
		t.Errorf("a new room's head is %+v", head)
	}
	until := now().Add(time.Hour)
	for range 2 { // A repetition after a lost reply is recognised.
		head, err := s.Acquire(t.Context(), "r", "o", 2, now(), until)
		r.want(head, err, false, 0, "o", until)
	}
	if head := r.advance(1); head.Owner != "o" || !head.Until.Equal(until) || head.Seq != 3 {
		t.Errorf("Advance shows %+v", head)
	}
}

func leaseLives(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(1)
	begins := now()
	ends := begins.Add(5 * time.Second)
	head, err := s.Acquire(t.Context(), "r", "o", 1, begins, ends)
	r.want(head, err, false, 0, "o", ends)
	head, err = s.Acquire(t.Context(), "r", "p", 1, ends.Add(-time.Millisecond), ends.Add(time.Hour))
	r.want(head, err, true, 0, "o", ends)
	head, err = s.Acquire(t.Context(), "r", "p", 1, ends, ends.Add(time.Hour))
	r.want(head, err, false, 0, "p", ends.Add(time.Hour))
}

func relayedAlready(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(3)
	until := now().Add(time.Hour)
	_, err := s.Acquire(t.Context(), "r", "o", 3, now(), until)
	head, released := s.Release(t.Context(), "r", "o", 3)
	r.want(head, errors.Join(err, released), false, 3, "", time.Time{})
	head, err = s.Acquire(t.Context(), "r", "p", 3, now(), until)
	r.want(head, err, true, 3, "", time.Time{})
	r.advance(2)
	head, err = s.Acquire(t.Context(), "r", "p", 4, now(), until)
	r.want(head, err, false, 3, "p", until)
}

func takenOver(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(1)
	past, until := now().Add(-time.Hour), now().Add(time.Hour)
	_, err := s.Acquire(t.Context(), "r", "o", 1, past.Add(-time.Hour), past)
	for range 2 {
		head, again := s.TakeOver(t.Context(), "r", "o", "p", until)
		r.want(head, errors.Join(err, again), false, 0, "p", until)
	}
	head, err := s.TakeOver(t.Context(), "r", "o", "q", until.Add(1))
	r.want(head, err, true, 0, "p", until)
	for _, call := range []func() (chat.Head, error){
		func() (chat.Head, error) { return s.Renew(t.Context(), "r", "o", 1, until.Add(1)) },
		func() (chat.Head, error) { return s.Release(t.Context(), "r", "o", 1) },
	} {
		head, err = call()
		r.want(head, err, true, 0, "p", until)
	}
}

func renewed(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(5)
	until, later := now().Add(time.Hour), now().Add(2*time.Hour)
	_, err := s.Acquire(t.Context(), "r", "o", 5, now(), until)
	for range 2 {
		head, again := s.Renew(t.Context(), "r", "o", 3, later)
		r.want(head, errors.Join(err, again), false, 3, "o", later)
	}
	head, err := s.Renew(t.Context(), "r", "p", 4, until)
	r.want(head, err, true, 3, "o", later)
}

func released(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(2)
	until := now().Add(time.Hour)
	_, err := s.Acquire(t.Context(), "r", "o", 2, now(), until)
	r.advance(1)
	head, overlooked := s.Release(t.Context(), "r", "o", 2)
	r.want(head, overlooked, true, 0, "o", until)
	if err != nil || head.Seq != 3 {
		t.Errorf("it is not told what has been taken: %+v, %v", head, err)
	}
	head, err = s.Release(t.Context(), "r", "o", 3)
	r.want(head, err, false, 3, "", time.Time{})
	head, err = s.Release(t.Context(), "r", "o", 3) // Who does not know that it did finds out that it is over.
	r.want(head, err, true, 3, "", time.Time{})
	if head := r.advance(1); head.Owner != "" || !head.Until.IsZero() || head.Relayed != 3 || head.Seq != 4 {
		t.Errorf("Advance shows %+v", head)
	}
}

func roomsApart(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(1)
	if _, err := s.Advance(t.Context(), "rr", "e", now()); err != nil {
		t.Fatal(err)
	}
	until := now().Add(time.Hour)
	_, err := s.Acquire(t.Context(), "rr", "o", 1, now(), until)
	head, again := s.Acquire(t.Context(), "r", "p", 1, now(), until)
	r.want(head, errors.Join(err, again), false, 0, "p", until)
}

func acquireRaces(t *testing.T, s RelayStore) {
	r := tries{s, t}
	r.advance(1)
	var winners atomic.Int64
	together(20, func(int) {
		switch _, err := s.Acquire(t.Context(), "r", newID(), 1, now(), now().Add(time.Hour)); {
		case err == nil:
			winners.Add(1)
		case !errors.Is(err, chat.ErrLease):
			t.Error(err)
		}
	})
	if winners.Load() != 1 {
		t.Errorf("%d of 20 acquired the room", winners.Load())
	}
}

// crowd are fifty who take numbers at the same time and relay what they took, unless somebody else does. Time passes when
// a relay dies: then all leases end, also those of who lives.
type crowd struct {
	tries
	clock atomic.Int64 // In seconds.
	dying float64
	dead  atomic.Int64

	mu      sync.Mutex // Guards what follows.
	random  *rand.Rand
	relayed []int64
}

// term is how long a lease lasts, in seconds.
const term = 5

func (c *crowd) now() time.Time { return time.Unix(1_800_000_000+c.clock.Load(), 0) }

// dies is true with a probability.
func (c *crowd) dies() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.Float64() < c.dying
}

// say takes a number and sees to it that it is relayed.
func (c *crowd) say() {
	at := c.now()
	head, err := c.Advance(c.t.Context(), "r", "e", at)
	if err != nil {
		c.t.Error(err)
		return
	}
	if head.Owner == "" || !at.Before(head.Until) {
		c.relay(head.Seq, true)
	}
}

// relay acquires the room and relays it until nothing is left, or until this relay dies.
func (c *crowd) relay(seq int64, mortal bool) {
	me, at, last := newID(), c.now(), int64(0)
	head, err := c.Acquire(c.t.Context(), "r", me, seq, at, at.Add(term*time.Second))
	for position := head.Relayed; err == nil || errors.Is(err, chat.ErrLease) && head.Owner == me; {
		if head.Relayed < last {
			c.t.Errorf("relayed went back from %d to %d", last, head.Relayed)
		}
		last = head.Relayed
		position = c.push(position, head.Seq)
		if mortal && c.dies() {
			c.dead.Add(1)
			c.clock.Add(term)
			return
		}
		if head, err = c.Renew(c.t.Context(), "r", me, position, c.now().Add(term*time.Second)); err != nil {
			break
		}
		if head, err = c.Release(c.t.Context(), "r", me, position); err == nil {
			return
		}
	}
	if !errors.Is(err, chat.ErrLease) {
		c.t.Error(err)
	}
}

// push relays what follows a position.
func (c *crowd) push(position, seq int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for position < seq {
		position++
		c.relayed = append(c.relayed, position)
	}
	return position
}

// nothingOverlooked has fifty speak who take over from one another. Where none of them dies nothing is left, and nothing
// is relayed twice; where some do, whoever takes over at the end finds the rest.
func nothingOverlooked(t *testing.T, s RelayStore, dying float64) {
	const lines = 4
	seed := rand.Uint64()
	t.Log("seed", seed)
	c := &crowd{tries: tries{s, t}, dying: dying, random: rand.New(rand.NewPCG(seed, 0))}
	together(50, func(int) {
		for range lines {
			c.say()
		}
	})
	head, err := s.Head(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	if dying > 0 && head.Relayed < head.Seq {
		c.clock.Add(term)
		c.relay(head.Seq, false)
	}
	head, err = s.Head(t.Context(), "r")
	if err != nil || head.Seq != 50*lines || head.Relayed != head.Seq || head.Owner != "" {
		t.Errorf("at the end the head is %+v, %v", head, err)
	}
	sent := len(c.relayed)
	slices.Sort(c.relayed)
	once := slices.Compact(c.relayed)
	if len(once) != 50*lines || dying == 0 && sent != len(once) {
		t.Errorf("of %d lines %d were relayed, all of them %d times", 50*lines, len(once), sent)
	}
	t.Logf("%d lines were relayed %d times, %d relays died", len(once), sent, c.dead.Load())
}
