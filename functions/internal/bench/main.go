// Command bench measures the program as it is shipped: each server runs in a process of its own, whoever loads it in
// another, and beside it, in the same run and by turns, runs what it is compared with. It prints Markdown.
// docs/benchmarks.md is its output.
//
// It needs Linux, which tells in /proc what processor time and memory another process uses.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if isRole(os.Args) {
		os.Exit(play(os.Args[2], os.Args[3]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the parts that the arguments name, in the module's folder or below it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if o.output == "" {
		return b.measure(ctx, stdout)
	}
	// What was there stays until everything is measured.
	unfinished := o.output + ".new"
	file, err := os.Create(unfinished)
	if err != nil {
		return err
	}
	defer os.Remove(unfinished)
	if err := errors.Join(b.measure(ctx, file), file.Close(), b.writePlots()); err != nil {
		return err
	}
	b.repeats(unfinished)
	return os.Rename(unfinished, o.output)
}

// measure writes the page, each section as soon as it is measured.
func (b *bench) measure(ctx context.Context, page io.Writer) error {
	fmt.Fprint(page, b.introduction(), machine(ctx, b.root))
	for _, p := range b.parts {
		s, err := p.measure(b, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if _, err := io.WriteString(page, s.markdown(b.output)); err != nil {
			return err
		}
		b.plots = append(b.plots, s.plots...)
	}
	versions, err := b.versions()
	if err != nil {
		return err
	}
	_, err = io.WriteString(page, versions)
	return err
}
