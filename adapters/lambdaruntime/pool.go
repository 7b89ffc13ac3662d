package lambdaruntime

import (
	"context"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// maxEvent is Lambda's quota of an event and of an answer
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); an answer may have 100 bytes more.
const (
	maxEvent  = 6 << 20
	maxAnswer = maxEvent + 100
)

// Pool runs the processes of one function. It is safe for concurrent use.
type Pool struct {
	function Function
	options  Options
	shims    string // The folder of the shims; empty if the function needs none.
	freezes  bool
	starter  *starter
	watchdog *watchdog
	output   *output
	running  sync.WaitGroup // Processes, each until it and all of its group have ended.

	mu         sync.Mutex // Protects following, and what processes say it protects.
	closed     bool
	generation int // Processes of an older one end when they can.
	processes  map[*process]struct{}
	started    int        // Processes started so far.
	size       int        // Processes that events may still go to.
	starting   int        // Those of them that have not asked for an event yet.
	idle       []*process // The one used last is at the end, and used first.
	waiting    []*invocation
}

// New checks that the function can be run here, and starts nothing yet. The caller has to Close the pool.
func New(f Function, o Options) (*Pool, error) {
	f, o = f.withDefaults(), o.withDefaults()
	if err := f.validate(); err != nil {
		return nil, err
	}
	p := &Pool{function: f, options: o, processes: map[*process]struct{}{}, output: &output{to: o.Output, prefix: f.Name + " | "}}
	p.freezes = canFreeze && !o.NoFreeze && len(f.Command) == 0
	if _, err := f.command(""); err != nil {
		return nil, err
	}
	if len(f.Command) == 0 && shim(f.Runtime) != "" {
		dir, err := unpackShims()
		if err != nil {
			return nil, f.errorf("its runtime can't be unpacked: %w", err)
		}
		p.shims = dir
	}
	p.starter, p.watchdog = newStarter(), newWatchdog(p.shims)
	return p, nil
}

// outcome is what became of an event.
type outcome struct {
	answer []byte
	err    error
}

// invocation is one event on its way to an answer.
type invocation struct {
	id       string
	event    []byte // Nil: wanted is a process that is ready for an event, and no more.
	deadline time.Time
	done     chan outcome // Has room for the one outcome.
}

func (inv *invocation) finish(answer []byte, err error) { inv.done <- outcome{answer, err} }

// Invoke gives an event to a process, one that is started for it if need be, and returns the answer. What Lambda would
// return as a function error is an *Error. Invoke may be called concurrently, keeps nothing of the event, and the answer
// is the caller's.
//
// An event that waits for a process when ctx is done counts as throttled. One that a process has begun is not called
// off, as in Lambda: Invoke returns the cause of ctx and the process goes on until Timeout.
func (p *Pool) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if len(event) > maxEvent {
		return nil, eventTooLarge(len(event))
	}
	return p.await(ctx, &invocation{id: uuid.NewString(), event: append([]byte{}, event...), done: make(chan outcome, 1)})
}

// Init waits until a process is ready for an event, and starts one if none is. It returns what the first event would
// meet, such as a handler that does not exist, an import that fails or the time-out of the initialisation.
func (p *Pool) Init(ctx context.Context) error {
	_, err := p.await(ctx, &invocation{id: uuid.NewString(), done: make(chan outcome, 1)})
	return err
}

func (p *Pool) await(ctx context.Context, inv *invocation) ([]byte, error) {
	queued, err := p.enqueue(inv)
	if err != nil {
		return nil, err
	}
	var late <-chan time.Time
	if queued {
		timer := time.NewTimer(p.options.QueueTimeout)
		defer timer.Stop()
		late = timer.C
	}
	for {
		select {
		case out := <-inv.done:
			return out.answer, out.err
		case <-ctx.Done():
			if p.withdraw(inv) {
				return nil, throttled()
			}
			return nil, context.Cause(ctx)
		case <-late:
			if p.withdraw(inv) {
				return nil, throttled()
			}
			late = nil
		}
	}
}

// enqueue hands an invocation to an idle process, or queues it and starts one more process if that is allowed.
func (p *Pool) enqueue(inv *invocation) (queued bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		if inv.event == nil {
			inv.finish(nil, nil)
			return false, nil
		}
		pr := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.assign(pr, inv)
		return false, nil
	}
	p.waiting = append(p.waiting, inv)
	p.grow()
	return true, nil
}

// withdraw takes an invocation out of the queue. It reports false if a process has it already.
func (p *Pool) withdraw(inv *invocation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, inv)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	return i >= 0
}

// grow starts a process for each event that waits, up to the limit, and no more of them at once than are processors:
// they would take each other's time. p.mu is held.
func (p *Pool) grow() {
	for p.starting < min(len(p.waiting), runtime.GOMAXPROCS(0)) && p.size < p.function.MaxProcesses && !p.closed {
		p.started++
		p.size++
		p.starting++
		pr := newProcess(p, p.started)
		p.processes[pr] = struct{}{}
		p.running.Add(1)
		go pr.run()
	}
}

// ready gives a process that asks for an event the one that waits longest, or lets it idle. p.mu is held.
func (p *Pool) ready(pr *process) {
	for len(p.waiting) > 0 {
		inv := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		if inv.event != nil {
			p.assign(pr, inv)
			return
		}
		inv.finish(nil, nil)
	}
	p.idle = append(p.idle, pr)
	pr.rest()
}

// assign gives an event to a process that waits for one. p.mu is held.
func (p *Pool) assign(pr *process, inv *invocation) {
	pr.thaw()
	pr.state, pr.current = running, inv
	inv.deadline = time.Now().Add(p.function.Timeout)
	if p.function.Timeout < 0 {
		inv.deadline = time.Now().Add(24 * time.Hour)
	}
	pr.alarm(p.function.Timeout)
	pr.events <- inv
}

// retire lets no more events go to a process. p.mu is held.
func (p *Pool) retire(pr *process) {
	if pr.retired {
		return
	}
	pr.retired = true
	p.size--
	if pr.state == starting {
		p.starting--
	}
	p.removeIdle(pr)
	p.grow()
}

// removeIdle lets no event go to the process until it asks again. p.mu is held.
func (p *Pool) removeIdle(pr *process) {
	p.idle = slices.DeleteFunc(p.idle, func(other *process) bool { return other == pr })
}

// failWaiting gives an error to the event for which a process was started in vain, and to all who wait for a process
// without an event. p.mu is held.
func (p *Pool) failWaiting(err error) {
	events := 0
	p.waiting = slices.DeleteFunc(p.waiting, func(inv *invocation) bool {
		if inv.event != nil {
			if events++; events > 1 {
				return false
			}
		}
		inv.finish(nil, err)
		return true
	})
}

// Restart gives new processes to all events that come from now on, for instance because a file has changed. The old
// processes end, those that have an event after it.
func (p *Pool) Restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.generation++
	p.endUnwanted()
	p.grow()
}

// unwanted tells whether no more events may go to a process. p.mu is held.
func (p *Pool) unwanted(pr *process) bool { return p.closed || pr.generation != p.generation }

// endUnwanted ends the processes that no event may go to any more: those without one now, those that have answered
// theirs soon, and the others when they have. p.mu is held.
func (p *Pool) endUnwanted() {
	for pr := range p.processes {
		switch {
		case !p.unwanted(pr):
		case pr.state == starting, pr.state == idle:
			pr.terminate()
		case pr.state == responded:
			pr.alarm(grace)
		}
	}
}

// Close ends all processes and returns when they have ended: those without an event at once, the others after it, or
// when ctx is done. Events that wait get ErrClosed. It returns the cause of ctx if that cut an event short.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	for len(p.waiting) > 0 {
		p.failWaiting(ErrClosed)
	}
	p.endUnwanted()
	p.mu.Unlock()
	ended := make(chan struct{})
	go func() { p.running.Wait(); close(ended) }()
	err := p.awaitEnd(ctx, ended)
	if first {
		p.starter.stop()
		p.watchdog.stop()
		if p.shims != "" {
			_ = os.RemoveAll(p.shims)
		}
	}
	return err
}

// awaitEnd waits for the end of all processes, and brings it about when ctx is done.
func (p *Pool) awaitEnd(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	cut := p.killAll()
	<-ended
	if !cut {
		return nil
	}
	return context.Cause(ctx)
}

// killAll reports whether a process had an event.
func (p *Pool) killAll() (cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pr := range p.processes {
		cut = cut || pr.state == running
		pr.kill()
	}
	return cut
}
