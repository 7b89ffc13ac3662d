package domain_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

// seed decides what fails in a simulation, and which worker dies of which delivery.
const seed = 20261122

// TestFanOutReachesEveryone posts one message to audiences of all sizes, while members come and go.
func TestFanOutReachesEveryone(t *testing.T) {
	tests := []struct {
		name    string
		members int
		density func(position uint64) float64
		depth   int
		// messages are allowed for every hundred members.
		messages float64
	}{
		{"1", 1, even, 4, 1.5},
		{"2", 2, even, 4, 1.5},
		{"100", 100, even, 4, 1.5},
		{"101", 101, even, 4, 1.5},
		{"1,000", 1_000, even, 4, 1.5},
		{"10,000", 10_000, even, 4, 1.5},
		{"1,000,000", 1_000_000, even, 4, 1.5},
		{"1,000 of uneven density", 1_000, tenfold, 5, 2},
		{"10,000 of uneven density", 10_000, tenfold, 5, 2},
		{"100,000 of uneven density", 100_000, tenfold, 5, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, test.members, test.density)
				w.deliver()
				w.wantEveryoneOnce()
				w.wantShape(test.depth, test.messages)
			})
			t.Logf("simulated in %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// even spreads members over the ring as hashes do.
func even(uint64) float64 { return 1 }

// tenfold has ten times as many members at the ring's end as at its beginning.
func tenfold(position uint64) float64 {
	return 0.1 + 0.9*float64(position)/float64(domain.Ring.Last)
}

// wantEveryoneOnce expects that who was there throughout got the message once, and everybody else at most once.
func (w *world) wantEveryoneOnce() {
	for n := range w.clients {
		got := w.clients[n].received.Load()
		if got > 1 || n < w.members && got == 0 {
			w.t.Fatalf("client %d of %d got the message %d times", n, w.members, got)
		}
	}
}

// wantShape expects a flat tree of few messages.
func (w *world) wantShape(depth int, messages float64) {
	present := w.members + w.churn
	w.t.Logf("depth %d, %d messages, up to %d members a run", w.depth, w.messages, w.largest)
	if w.depth > depth {
		w.t.Errorf("depth %d, want %d at most", w.depth, depth)
	}
	if most := int(messages*float64(present)/100) + 2; w.messages > most {
		w.t.Errorf("%d messages for %d members, want %d at most", w.messages, present, most)
	}
	if w.largest > 125 {
		w.t.Errorf("a run posted to %d members", w.largest)
	}
}

// TestFanOutUnderFaults has everything go wrong at once.
func TestFanOutUnderFaults(t *testing.T) {
	for name, members := range map[string]int{"100": 100, "1,000": 1_000, "10,000": 10_000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, members, even)
				w.faults = faults{
					throttled: 0.20, broken: 0.05, timedOut: 0.05, gone: 0.01, deaf: 0.003,
					killed: 0.05, doubled: 0.02,
				}
				w.deliver()
				w.wantNobodyMissed()
				w.wantGoneReaped()
				w.wantAttemptsBounded()
				w.logDuplicates()
			})
		})
	}
}

// deadLetters returns the clients that were given up.
func (w *world) deadLetters() map[int]bool {
	deadLetters := map[int]bool{}
	for _, d := range w.queue.DeadLetters() {
		for _, m := range d.Members {
			deadLetters[number(m.ID)] = true
		}
	}
	return deadLetters
}

// wantNobodyMissed expects that who was there throughout got the message, or is on record as given up, for which
// its attempts must be exhausted.
func (w *world) wantNobodyMissed() {
	deadLetters := w.deadLetters()
	for n := range w.members {
		got := w.clients[n].received.Load() > 0
		switch {
		case !got && !w.gone(n) && !deadLetters[n]:
			w.t.Errorf("client %d was missed: posts %d", n, w.clients[n].posts.Load())
		case deadLetters[n] && !w.exhausted[n]:
			w.t.Errorf("client %d was given up before its attempts were exhausted", n)
		case w.exhausted[n] && !deadLetters[n] && !got:
			w.t.Errorf("client %d had no attempt left and is not on record", n)
		}
	}
	if w.total.Expired > 0 {
		w.t.Errorf("%d deliveries expired", w.total.Expired)
	}
}

// wantGoneReaped expects that exactly those are reaped who were gone, each once.
func (w *world) wantGoneReaped() {
	for id, times := range w.shelf.reaped {
		if !w.gone(number(id)) || times != 1 {
			w.t.Errorf("client %s, gone: %v, was reaped %d times", id, w.gone(number(id)), times)
		}
	}
	for n, id := range w.ids[:w.members] {
		if w.gone(n) && w.shelf.has(id) {
			w.t.Errorf("client %d is gone and was not reaped", n)
		}
	}
}

// wantAttemptsBounded expects three posts a run, and eight runs in a chain of them. There can be several chains for
// a member: messages are handed out twice, and workers die after they have handed something back.
func (w *world) wantAttemptsBounded() {
	if w.attempts >= domain.MaxAttempts {
		w.t.Errorf("attempt %d, want less than %d", w.attempts, domain.MaxAttempts)
	}
	if w.tries > 3 {
		w.t.Errorf("%d posts to a client in one run", w.tries)
	}
}

func (w *world) logDuplicates() {
	var twice, copies, posts []int32
	for n := range w.clients {
		if got := w.clients[n].received.Load(); got > 1 {
			twice, copies = append(twice, int32(n)), append(copies, got)
		}
		posts = append(posts, w.clients[n].posts.Load())
	}
	w.t.Logf("%d messages (%d doubled), %d workers killed, %d members dead-lettered; %d clients got copies, up to %d; up to %d posts to a client",
		w.messages, w.doubled, w.killed, len(w.deadLetters()), len(twice), slices.Max(append(copies, 1)), slices.Max(posts))
}

// wantCalmAfter expects that everybody had the message after a time.
func (w *world) wantCalmAfter(most time.Duration) {
	last := time.Duration(w.last.Load())
	w.t.Logf("the last client got the message after %v", last.Round(time.Second))
	if last > most {
		w.t.Errorf("the last client got the message after %v, want %v at most", last, most)
	}
}
