package interleavings

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// process is one run of something: a function that AWS starts for an event, or an event itself.
type process struct {
	name string
	// of tells processes of the same name apart that do different things.
	of string
	// ready tells whether it may begin. Nil is at any time.
	ready func(state) bool
	// run is the real code. It reaches the world by steps alone, and returns what its client gets to see.
	run func(*run) effect
	// event marks what is no function: it does not crash, nor is a reply to it lost.
	event bool

	// unanswered is what the client sees if the function dies. Nil is nothing.
	unanswered effect
	// awaited tells that others begin when it has ended.
	awaited bool

	index int
	roots map[moment]*node
	ended *node // Where it is when it has ended, whichever way.
}

// enlist makes a process part of a search. Processes of the same name are alike: which of them comes first makes no
// difference.
func (p *process) enlist(index int) {
	p.index = index
	p.ended = &node{process: p, hash: hashOf([3]any{p.name, p.of, "ended"})}
}

// effect is how the world looks after somebody was answered. Nil changes nothing.
type effect func(world) world

// step is one request to a service: an atomic change of the world, with an answer.
type step struct {
	name  string
	apply func(world) (world, answer)
	// reads tells that it never changes anything.
	reads bool
	// certain tells that it does not fail.
	certain bool
	// token tells that the service recognises the repetition of a request that it has done, by a token.
	token bool
}

// answer is what a service says. hash tells different answers apart.
type answer struct {
	value any
	hash  uint64
	done  bool // The request changed something.
}

func answerOf(value any, done bool) answer { return answer{value, hashOf([2]any{value, done}), done} }

// fate is what becomes of a request and its reply.
type fate string

const (
	answered fate = ""
	// lost: it was done, and the reply never came. Whoever asked asks again.
	lost fate = "its reply is lost"
	// unheard: it was done, and no reply came before the time for it was over.
	unheard fate = "no reply comes in time"
	// refused: it was not done, however often it was repeated.
	refused fate = "it is refused until the time is over"
	// crashed: it was done, and whoever asked stops for ever.
	crashed fate = "it is done, and the function crashes"
)

// moment is a time of the world's clock: how long ago the world began.
type moment time.Duration

// seen is what a run saw of a step.
type seen struct {
	step   string
	fate   fate
	answer answer
	at     moment
}

// edge tells apart what a run may see of one step.
type edge struct {
	fate fate
	hash uint64
	at   moment
}

// node is a process that has seen certain answers. As the code is deterministic, what it does next follows from them:
// that is found once, by running the code from its beginning with those answers, and remembered.
type node struct {
	process *process
	parent  *node
	seen    seen
	hash    uint64
	next    map[edge]*node

	step *step // What it does next. Nil: it has ended.
	told effect
	runs *int // Counts how often real code was run.
}

// apply does the step. A service answers the repetition of what it has done already as it would have the first time.
func (n *node) apply(w world) (world, answer) {
	if n.step.token && w.has(n.tokenKey()) {
		return w.without(n.tokenKey()), answerOf(nil, true)
	}
	return n.step.apply(w)
}

// tokenKey is where the world keeps that a step was done, and its reply lost.
func (n *node) tokenKey() string { return "token|" + n.process.name + "|" + n.step.name }

// root is a process that begins.
func (p *process) root(t *testing.T, at moment, runs *int) *node {
	if p.roots == nil {
		p.roots = map[moment]*node{}
	}
	if p.roots[at] == nil {
		p.roots[at] = newNode(t, &node{process: p, runs: runs, hash: hashOf([3]any{p.name, p.of, at})}, seen{at: at})
	}
	return p.roots[at]
}

// after is the process once it has seen what came of its step.
func (n *node) after(t *testing.T, s seen) *node {
	e := edge{s.fate, s.answer.hash, s.at}
	next := n.next[e]
	if next == nil {
		next = newNode(t, n, s)
		if n.next == nil {
			n.next = map[edge]*node{}
		}
		n.next[e] = next
	}
	return next
}

// newNode runs the real code as far as it comes with what was seen.
func newNode(t *testing.T, parent *node, s seen) *node {
	n := &node{process: parent.process, parent: parent, seen: s, runs: parent.runs}
	n.hash = hashOf([5]any{parent.hash, s.fate, s.answer.hash, s.at, 0})
	var history []seen
	for at := n; at.parent != nil; at = at.parent {
		history = append(history, at.seen)
	}
	slices.Reverse(history)
	r := &run{process: n.process, history: history}
	*n.runs++
	synctest.Test(t, func(*testing.T) { r.execute() })
	if r.strayed != "" {
		t.Fatalf("%s is not deterministic: it came to %s", n.process.name, r.strayed)
	}
	n.step = r.pending
	if r.answers == len(history) { // It was answered since the last step.
		n.told = r.told
	}
	return n
}

// run is one run of a process's code, in virtual time.
type run struct {
	process *process
	ids     int

	mu      sync.Mutex // Guards what follows.
	history []seen
	shown   int // How much of the history was seen.
	pending *step
	strayed string
	told    effect
	answers int // What shown was when the client was answered.
}

// execute runs the code until it has seen everything, or has ended. What it started may go on after it has answered.
func (r *run) execute() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.see("")
		told := r.process.run(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.pending == nil {
			r.told, r.answers = told, r.shown
		}
	}()
	<-done
	time.Sleep(always) // For what goes on after the answer.
}

// always is longer than anything in a run takes.
const always = 1000 * time.Hour

// do is a step. It ends the goroutine if nothing is known of the outcome yet.
func (r *run) do(s step) seen {
	if known, ok := r.see(s.name); ok {
		return known
	}
	r.mu.Lock()
	if r.pending == nil {
		r.pending = &s
	}
	r.mu.Unlock()
	runtime.Goexit()
	return seen{}
}

// see takes the next thing that is known from the history, and lets the time pass until it was seen.
func (r *run) see(name string) (seen, bool) {
	r.mu.Lock()
	if r.shown == len(r.history) || r.pending != nil {
		r.mu.Unlock()
		return seen{}, false
	}
	known := r.history[r.shown]
	r.shown++
	if name != known.step {
		r.strayed = fmt.Sprintf("%q instead of %q", name, known.step)
	}
	r.mu.Unlock()
	time.Sleep(time.Until(begin.Add(time.Duration(known.at))))
	return known, true
}

// begin is when the world begins: what synctest's clock shows first.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// newID returns a UUID of version 7 by the virtual clock, which no other run returns.
func (r *run) newID() string {
	r.ids++
	ms := time.Now().UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-%04x%08x", ms>>16, ms&0xffff, r.process.index, r.ids)
}
