package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// shown is how many lines of a failed step's log are shown.
const shown = 80

// step is one part of the run. What it writes to log is shown if it fails.
type step func(ctx context.Context, log io.Writer) error

// steps runs one step after the other and says how long each took.
type steps struct {
	dir   string // of the logs, one a step
	begin time.Time
}

// newSteps empties the folder and gives it to the steps of a run.
func newSteps(dir string) (*steps, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	return &steps{dir: dir, begin: time.Now()}, os.MkdirAll(dir, 0o755)
}

// do runs a step. Its output goes to a file with the step's name.
func (s *steps) do(ctx context.Context, name string, do step) error {
	log, err := os.Create(s.path(name))
	if err != nil {
		return err
	}
	defer log.Close()
	begin := time.Now()
	err = do(ctx, log)
	took := time.Since(begin).Seconds()
	if err != nil {
		_, _ = fmt.Fprintln(log, err) // Last, where it is looked for.
		fmt.Printf("FAIL  %-12s %6.1f s\n%s", name, took, s.tail(name))
		return fmt.Errorf("%s: %w (all of its output is in %s)", name, err, s.path(name))
	}
	fmt.Printf("ok    %-12s %6.1f s\n", name, took)
	return nil
}

// named is a step and its name.
type named struct {
	name string
	do   step
}

// row makes one of several steps that follow each other.
func (s *steps) row(all ...named) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, one := range all {
			if err := s.do(ctx, one.name, one.do); err != nil {
				return err
			}
		}
		return nil
	}
}

// together runs rows of steps at the same time. The first error ends all of them.
func together(ctx context.Context, rows ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, row := range rows {
		running.Go(func() {
			if err := row(ctx); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

func (s *steps) total() {
	fmt.Printf("      %-12s %6.1f s\n", "total", time.Since(s.begin).Seconds())
}

func (s *steps) path(name string) string { return filepath.Join(s.dir, name+".log") }

// tail returns the last lines that a step wrote, indented.
func (s *steps) tail(name string) string {
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		return err.Error() + "\n"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "    " + strings.Join(lines[max(0, len(lines)-shown):], "\n    ") + "\n"
}
