package interleavings

import (
	"fmt"
	"testing"
	"time"

	"wsecho/domain"
)

// scenario is what is searched: processes that begin at any time at which they are ready, in a world as it was before.
type scenario struct {
	name      string
	begin     world
	processes []*process
	// ticks are the times to which the clock jumps, in this order, each at any time.
	ticks []moment
	// crashes is how many functions may stop for ever between two of their steps, faults how many requests may not be
	// answered. Fewer of both are searched as well.
	crashes, faults int
	// onlyLost lets no fault happen but replies that are lost, after which the request is repeated.
	onlyLost bool
	// workers is how many may work on what is queued at the same time.
	workers int
	// takeovers tells that somebody pings in the end, postTakes how long a post of a room's frame takes.
	takeovers bool
	postTakes time.Duration
	// glued are beginnings of the names of steps that nothing comes before. It is for steps that commute with
	// everything else of the scenario, so that they don't multiply its states.
	glued []string
}

// state is one state of a scenario.
type state struct {
	world
	at      moment
	ticks   int // How many have passed, and so on.
	crashes int
	faults  int
	procs   []*node // By process. Nil is one that has not begun.
	workers []*node // In the order of their hashes.
}

// key is the same for states from which the same can follow.
func (s state) key() uint64 {
	nodes := uint64(0)
	for _, n := range s.procs {
		if n != nil {
			nodes += n.hash
		}
	}
	for _, n := range s.workers {
		nodes += hashOf(n.hash)
	}
	return hashOf([3]uint64{s.world.hash, nodes, uint64(s.ticks)<<16 | uint64(s.crashes)<<8 | uint64(s.faults)})
}

// done tells whether a process has ended, whichever way.
func (s state) done(p *process) bool { return s.procs[p.index] == p.ended }

// idle tells whether nothing runs.
func (s state) idle() bool {
	for _, n := range s.procs {
		if n != nil && n != n.process.ended {
			return false
		}
	}
	return len(s.workers) == 0
}

// search walks through the states of a scenario.
type search struct {
	*scenario
	t *testing.T

	seen  map[uint64]float64 // The states that were visited, and in how many ways one can go on from each.
	ends  map[uint64]bool    // Those of them that were judged as ends.
	edges int
	runs  int // How often real code was run.
	wrong string
	extra map[string]*process // The workers, by what is queued, and who tidies up in the end.
}

func newSearch(t *testing.T, s *scenario) *search {
	x := &search{scenario: s, t: t, seen: map[uint64]float64{}, ends: map[uint64]bool{}, extra: map[string]*process{}}
	for i, p := range s.processes {
		p.enlist(i)
	}
	return x
}

func (x *search) first() state { return state{world: x.begin, procs: make([]*node, len(x.processes))} }

// explore walks on from a state until something is wrong, depth first. It returns in how many ways one can go on from
// there until nothing is left to happen; going round in a circle is none.
func (x *search) explore(s state) float64 {
	key := s.key()
	if ways, ok := x.seen[key]; ok {
		return ways
	}
	x.seen[key] = 0
	if x.wrong = x.judge(s); x.wrong != "" {
		return 0
	}
	ways, more := 0.0, false
	for _, next := range x.moves(s) {
		x.edges++
		more = true
		ways += x.explore(next)
		if x.wrong != "" {
			return 0
		}
	}
	if !more {
		ways = 1
	}
	x.seen[key] = ways
	return ways
}

// check searches a scenario, tells how much that was, and fails if anything can go wrong.
func check(t *testing.T, s *scenario) {
	began := time.Now()
	x := newSearch(t, s)
	ways := x.explore(x.first())
	t.Logf("%d states, %d steps between them, %d ends, %.3g interleavings; %d executions of the code; %v",
		len(x.seen), x.edges, len(x.ends), ways, x.runs, time.Since(began).Round(time.Millisecond))
	if x.wrong != "" {
		t.Error(shortest(t, s))
	}
}

// move is what leads from a state to the next one, in words.
type move struct {
	who, what string
	how       fate
	got       answer
}

func (m move) String() string {
	switch {
	case m.how != answered:
		return fmt.Sprintf("%s %s: %s", m.who, m.what, m.how)
	case m.got.value == nil:
		return m.who + " " + m.what
	}
	shown := m.got.value
	if page, ok := shown.(domain.Page); ok {
		ids := []string{}
		for _, m := range page.Members {
			ids = append(ids, m.ID)
		}
		shown = ids
	}
	return fmt.Sprintf("%s %s: %+v", m.who, m.what, shown)
}
