package interleavings

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"wsecho/domain"
)

// moves are all the ways on from a state.
func (x *search) moves(s state) iter.Seq2[move, state] {
	return func(yield func(move, state) bool) {
		_ = x.steps(s, yield) && x.receipts(s, yield) && x.collections(s, yield) && x.clock(s, yield)
	}
}

// place puts a process that has come to a node into a state.
type place func(state, *node) state

// steps are those of whatever runs, and of what may begin.
func (x *search) steps(s state, yield func(move, state) bool) bool {
	for i, p := range x.processes {
		n := s.procs[i]
		if n == p.ended || n == nil && p.ready != nil && !p.ready(s) {
			continue
		}
		put := func(s state, n *node) state {
			s.procs = slices.Clone(s.procs)
			s.procs[i] = n
			return s
		}
		if n == nil && !x.beginnings(s, p, put, yield) || n != nil && !x.stepsOf(s, n, put, yield) {
			return false
		}
	}
	for i, n := range s.workers {
		put := func(s state, n *node) state {
			s.workers = slices.Delete(slices.Clone(s.workers), i, i+1)
			return s.withWorker(n)
		}
		if !x.stepsOf(s, n, put, yield) {
			return false
		}
	}
	return true
}

// withWorker is the state with one more worker, unless that has ended.
func (s state) withWorker(n *node) state {
	if n == n.process.ended {
		return s
	}
	at, _ := slices.BinarySearchFunc(s.workers, n, func(a, b *node) int {
		if a.hash < b.hash {
			return -1
		}
		return 1
	})
	s.workers = slices.Insert(slices.Clone(s.workers), at, n)
	return s
}

// beginnings are the ways in which a process begins: with its first step, or without ever coming to that.
func (x *search) beginnings(s state, p *process, put place, yield func(move, state) bool) bool {
	if !x.stepsOf(s, p.root(x.t, s.at, &x.runs), put, yield) {
		return false
	}
	return !p.awaited || s.crashes == x.crashes || yield(move{who: p.name, what: "crashes at once"}, crash(s, p, put))
}

// stepsOf are the ways on of one process.
func (x *search) stepsOf(s state, n *node, put place, yield func(move, state) bool) bool {
	if n.step == nil {
		return yield(move{who: n.process.name, what: "has nothing to do"}, x.enter(s, n, put))
	}
	after := s
	var got answer
	after.world, got = n.apply(s.world)
	next := x.enter(after, n.after(x.t, seen{n.step.name, answered, got, s.at}), put)
	if !yield(move{who: n.process.name, what: n.step.name, got: got}, next) {
		return false
	}
	if n.process.event {
		return true
	}
	// Nobody notices a crash. So it makes no difference how long after a change it comes, and after reading alone it is
	// as if the function had never begun.
	if got.done && s.crashes < x.crashes &&
		!yield(move{who: n.process.name, what: n.step.name, how: crashed}, crash(after, n.process, put)) {
		return false
	}
	return s.faults == x.faults || n.step.certain || x.faultsOf(s, after, n, got, put, yield)
}

// crash is a state in which a function has stopped for ever.
func crash(s state, p *process, put place) state {
	s = put(s, p.ended)
	s.crashes++
	if p.unanswered != nil {
		s.world = p.unanswered(s.world)
	}
	return s
}

// faultsOf are the ways in which a request may not be answered, in the state before or after it was done. Of a look
// only one of them makes a difference: a repeated look is as good as the first.
func (x *search) faultsOf(s, after state, n *node, got answer, put place, yield func(move, state) bool) bool {
	for _, f := range []fate{lost, unheard, refused} {
		faulty := after
		if f != lost && x.onlyLost {
			continue
		}
		if f == refused {
			faulty = s
		} else if n.step.reads {
			continue
		}
		if f == lost && n.step.token && got.done {
			faulty.world = faulty.with(n.tokenKey(), true)
		}
		faulty.faults++
		faulty = x.enter(faulty, n.after(x.t, seen{n.step.name, f, answer{}, s.at}), put)
		if !yield(move{who: n.process.name, what: n.step.name, how: f}, faulty) {
			return false
		}
	}
	return true
}

// enter is a state in which a process has come to a node: its client is answered, and what is glued is done.
func (x *search) enter(s state, n *node, put place) state {
	for {
		if n.told != nil {
			s.world = n.told(s.world)
		}
		if n.step == nil {
			return put(s, n.process.ended)
		}
		if !x.isGlued(n.step.name) {
			return put(s, n)
		}
		var got answer
		s.world, got = n.apply(s.world)
		n = n.after(x.t, seen{n.step.name, answered, got, s.at})
	}
}

func (x *search) isGlued(name string) bool {
	return slices.ContainsFunc(x.glued, func(beginning string) bool { return strings.HasPrefix(name, beginning) })
}

// receipts are those of what is queued, each by a worker that begins to work on it.
func (x *search) receipts(s state, yield func(move, state) bool) bool {
	if len(s.workers) == x.workers {
		return true
	}
	for _, r := range s.under(queuePrefix) {
		if beyond(r.key) {
			continue
		}
		next := s
		next.world = s.unqueued(r.key)
		if !x.stepsOf(next, x.worker(r.key).root(x.t, s.at, &x.runs), state.withWorker, yield) {
			return false
		}
	}
	return true
}

// worker is a process that works on what is queued under a key.
func (x *search) worker(key string) *process {
	return x.once(key, func() *process { return x.newWorker(key) })
}

// newWorker is a worker. If it fails or dies, the queue hands out again what it worked on.
func (x *search) newWorker(key string) *process {
	if strings.HasPrefix(key, handOnPrefix) {
		return x.newRelayWorker(key)
	}
	var d domain.Delivery
	if err := json.Unmarshal([]byte(strings.TrimPrefix(key, queuePrefix)), &d); err != nil {
		x.t.Fatal(err)
	}
	again := func(w world) world { return w.queued(key) }
	return &process{
		name: "worker on " + string(d.Message), of: key, unanswered: again,
		run: func(r *run) effect {
			_, err := r.fanOut(observed{store{r}}, announcements{r}).Deliver(context.Background(), d, time.Now().Add(time.Minute))
			if err == nil {
				return nil
			}
			return again
		},
	}
}

// once returns the one process under a key.
func (x *search) once(key string, make func() *process) *process {
	if x.extra[key] == nil {
		p := make()
		p.enlist(len(x.processes) + len(x.extra))
		x.extra[key] = p
	}
	return x.extra[key]
}

// collections are those of rows that have expired, one by one in any order.
func (x *search) collections(s state, yield func(move, state) bool) bool {
	for _, r := range s.expired() {
		next := s
		next.world = s.collected(r)
		if !yield(move{who: "the table", what: "collects " + r.key}, next) {
			return false
		}
	}
	return true
}

// clock is the next tick.
func (x *search) clock(s state, yield func(move, state) bool) bool {
	if s.ticks == len(x.ticks) {
		return true
	}
	next := s
	next.at = x.ticks[s.ticks]
	next.ticks++
	return yield(move{who: "the clock", what: fmt.Sprintf("shows %v", time.Duration(next.at))}, next)
}
