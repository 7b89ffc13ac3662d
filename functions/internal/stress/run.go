package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"wsecho/functions/internal/listening"
)

// act is a part of a run, with a program of its own.
type act struct {
	name, about string
	setting     setting
	play        func(*run, context.Context) error
}

// setting is which misfortunes happen in an act.
type setting struct {
	flags []string // Of the program.

	twice, late, killed float64 // Shares of deliveries.
	kills, opening      float64 // Shares of requests, and of connections.

	requestsLate time.Duration // By how much a fifth of the table's requests are late.
	failing      float64       // The share of them that fail.
}

// loses tells whether a connection may end without anybody noting it, so that it stays until it is reaped.
func (s setting) loses() bool {
	return s.kills > 0 || s.failing > 0 || slices.Contains(s.flags, "-lose-disconnect")
}

// environment is that of the program.
func (s setting) environment(seed uint64) []string {
	return []string{
		fmt.Sprintf("STRESS_QUEUE=%d,%g,%g,%g", seed, s.twice, s.late, s.killed),
		fmt.Sprintf("STRESS_KILLS=%g", s.kills), fmt.Sprintf("STRESS_OPENING=%g", s.opening),
	}
}

// run is a run over one store.
type run struct {
	record
	options
	store  string
	size   size
	binary string
	issuer *issuer
	table  *table // Nil where everything is in memory.
	out    io.Writer

	act      act
	url      string
	address  string
	begun    footprint
	restarts int

	mu      sync.Mutex // Guards program.
	program *program
	counts  counts
}

// counts are what was done, for the summary.
type counts struct {
	lines, kicks, connects, malformed, duplicates, expired int
}

// String implements fmt.Stringer.
func (c counts) String() string {
	return fmt.Sprintf("%d lines were said, %d kicks, %d connects, %d malformed frames, %d duplicates, %d tokens expired",
		c.lines, c.kicks, c.connects, c.malformed, c.duplicates, c.expired)
}

// tryAll runs over all stores at the same time.
func (w *workshop) tryAll(ctx context.Context, o options) error {
	began := time.Now()
	fmt.Fprintf(w.out, "seed %d\n", o.seed)
	binary, err := w.build(ctx, o.plant)
	if err != nil {
		return err
	}
	errs := make([]error, len(o.stores))
	var running sync.WaitGroup
	for i, store := range o.stores {
		running.Go(func() { errs[i] = w.try(ctx, o, binary, store) })
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("seed %d: %w", o.seed, err)
	}
	fmt.Fprintf(w.out, "seed %d: everything that was promised was kept, in %.0f s\n", o.seed, time.Since(began).Seconds())
	return nil
}

// try runs all acts over one store.
func (w *workshop) try(ctx context.Context, o options, binary, store string) error {
	ctx, cancel := context.WithTimeout(ctx, o.life)
	defer cancel()
	folder, err := os.MkdirTemp(w.folder, store)
	if err != nil {
		return err
	}
	r := &run{record: record{began: time.Now()}, options: o, store: store, size: sizeOf(store, o.long), binary: binary, out: w.out}
	if r.issuer, err = newIssuer(folder, o.seed); err != nil {
		return err
	}
	if store == "dynamodb" {
		if r.table, err = newTable(ctx, w.root); err != nil {
			return err
		}
		defer r.table.close()
	}
	for _, a := range o.acts {
		if err := r.perform(ctx, a); err != nil {
			return fmt.Errorf("%s, act %s: %w", store, a.name, err)
		}
	}
	return nil
}

// perform plays an act. What was violated is its error.
func (r *run) perform(ctx context.Context, a act) error {
	began := time.Now()
	r.act = a
	r.note("", "stress", "act %s begins", a.name)
	err := r.begin(ctx)
	if err == nil {
		err = a.play(r, ctx)
	}
	if err == nil && len(r.broken()) == 0 {
		err = r.checkFootprint(ctx)
	}
	r.end()
	if broken := r.broken(); len(broken) > 0 {
		r.say("act %s failed after %.1f s", a.name, time.Since(began).Seconds())
		return fmt.Errorf("%d promises were not kept (%v):\n%s", len(broken), err, strings.Join(broken, "\n"))
	}
	if err != nil {
		return fmt.Errorf("%w; the program logged last:\n%s", err, r.program.log.tail())
	}
	r.say("act %s passed after %.1f s", a.name, time.Since(began).Seconds())
	return nil
}

// say tells of progress.
func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.out, "%-8s %5.1f s  %s\n", cmp.Or(r.plant.name, r.store), time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// begin starts the program for the act, and the misfortunes on the way to its table.
func (r *run) begin(ctx context.Context) (err error) {
	if r.address, err = listening.FreeAddress(ctx); err != nil {
		return err
	}
	if err := r.launch(ctx); err != nil {
		return err
	}
	r.url = r.program.url
	if r.table != nil {
		r.table.misbehave(r.seed, r.act.setting.requestsLate, r.act.setting.failing)
	}
	r.begun, err = r.program.footprint()
	return err
}

// launch starts a program, at the same address as the one before.
func (r *run) launch(ctx context.Context) error {
	args := append([]string{
		"-addr", r.address, "-q", "-connections-per-user", "0", "-messages-per-minute", "0", "-seed", fmt.Sprint(r.seed),
	}, append(r.issuer.flags(), r.act.setting.flags...)...)
	if r.table != nil {
		args = append(args, "-dynamodb", r.table.proxy.URL)
	}
	p, err := r.startFree(ctx, args)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.program = p
	return nil
}

// startFree starts the program when its address is free: a client that tried to connect meanwhile may have it for a moment.
func (r *run) startFree(ctx context.Context, args []string) (*program, error) {
	for began := time.Now(); ; {
		p, err := start(ctx, r.binary, r.act.setting.environment(r.seed), args...)
		taken := err != nil && strings.Contains(err.Error(), "address already in use")
		if !taken || time.Since(began) > patience || pause(ctx, 50*time.Millisecond) != nil {
			return p, err
		}
	}
}

// end ends the program, unless it has ended.
func (r *run) end() {
	if r.table != nil {
		r.table.behave()
	}
	if r.program != nil && !r.program.died() {
		r.program.end(syscall.SIGTERM)
	}
	r.checkLog(r.program)
}

// checkLog looks for what the program must never log.
func (r *run) checkLog(p *program) {
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, "panic") {
			r.violated("", "the program panicked: %s", line)
			return
		}
	}
}

// chance are the choices of one part of a run.
func (r *run) chance(part string, number int) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s %s %d", r.act.name, part, number)
	return rand.New(rand.NewPCG(r.seed, h.Sum64()))
}

// room is the name of an act's room.
func (r *run) room(n int) string { return fmt.Sprintf("%s-%d", r.act.name, n) }

// patience is how long something may take that must come. It ends what hangs and nothing else, however slow the machine:
// by itself the program waits half a minute before it reaps, and up to two for whoever died while announcing something.
const patience = 3 * time.Minute

// eventually waits until something holds. What does not, and does not change any more, is violated, as what wrong
// returns says. Where something else was violated before, it waits no longer than a moment.
func (r *run) eventually(ctx context.Context, room string, wrong func() string) bool {
	began, changed := time.Now(), time.Now()
	for last := ""; ; {
		problem := wrong()
		if problem == "" {
			return true
		}
		if problem != last {
			last, changed = problem, time.Now()
		}
		late := time.Since(changed) > patience || len(r.broken()) > 0 && time.Since(began) > time.Second
		if late || pause(ctx, 20*time.Millisecond) != nil {
			r.violated(room, "%s, after %.1f s", problem, time.Since(began).Seconds())
			return false
		}
	}
}

// tail is the end of a log.
func (l *logbook) tail() string {
	text := l.String()
	return text[max(0, len(text)-4000):]
}
