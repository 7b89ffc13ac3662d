package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// idleSettings are those of the role idle: connections that say nothing.
type idleSettings struct {
	URL         string
	Connections int
}

// memoryFigures are what one measurement finds, in bytes.
type memoryFigures struct {
	connections   int
	before, after int64
}

func (f memoryFigures) kilobytes() float64 {
	return float64(f.after-f.before) / 1024 / float64(f.connections)
}
func (f memoryFigures) total() float64 { return float64(f.after) / (1 << 20) }

// memory compares what idle connections cost.
func (b *bench) memory(ctx context.Context) (section, error) {
	all := []contestant{local(), gobwas(), gws()}
	figures, err := alternate(b.rounds, all, func(c contestant) (memoryFigures, error) { return b.memoryOnce(ctx, c) })
	if err != nil {
		return section{}, err
	}
	t := table{head: []string{"server", "KB a connection", "MB in all", "wsEcho ÷ this: a connection"}}
	for i, c := range all {
		t.row(c.name, middle(figures[i], memoryFigures.kilobytes).format("%.1f"), middle(figures[i], memoryFigures.total).format("%.0f"),
			ratio(figures[0], figures[i], memoryFigures.kilobytes).unless(i == 0))
	}
	return section{
		title: "Memory of idle connections",
		about: fmt.Sprintf("What the server's resident memory has grown by %v after %d clients connected, garbage of the handshakes included.",
			b.interval, b.idle),
		commands: append(commands(all), b.made("-idle %d -interval %v -rounds %d memory", b.idle, b.interval, b.rounds)),
		table:    t,
	}, nil
}

func (b *bench) memoryOnce(ctx context.Context, c contestant) (memoryFigures, error) {
	f := memoryFigures{connections: b.idle}
	s, err := b.serve(ctx, c)
	if err != nil {
		return f, err
	}
	defer s.stop()
	f.before, err = s.resident()
	if err != nil {
		return f, err
	}
	clients, err := start(ctx, "idle", idleSettings{s.url, b.idle})
	if err != nil {
		return f, err
	}
	defer clients.stop()
	if err := pause(ctx, b.interval); err != nil {
		return f, err
	}
	if f.after, err = s.resident(); err == nil {
		b.say("memory, %s: %.1f KB a connection", c.name, f.kilobytes())
	}
	return f, err
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// playIdle plays the role idle until the parent ends it.
func playIdle(ctx context.Context, s idleSettings, begin func()) (none struct{}, err error) {
	if _, err := dialAll(ctx, s.URL, s.Connections); err != nil {
		return none, errors.Join(err, fmt.Errorf("%d connections need as many open files: see ulimit -n", s.Connections))
	}
	begin()
	<-ctx.Done()
	return none, nil
}
