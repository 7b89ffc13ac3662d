package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// roleArgument makes this program play a role in a process of its own: bench as ROLE SETTINGS.
const roleArgument = "as"

func isRole(args []string) bool { return len(args) == 4 && args[1] == roleArgument }

// role is what a process of its own does. When it has prepared what is not measured, it calls begin.
type role func(ctx context.Context, settings []byte, begin func()) (result any, err error)

// roles are those there are, by name.
func roles() map[string]role {
	return map[string]role{
		"echo": typed(playEcho), "posts": typed(playPosts), "stub": typed(playStub), "idle": typed(playIdle),
		"broadcast": typed(playBroadcast), "room": typed(playRoom), "rooms": typed(playBusy),
	}
}

// typed is a role whose settings are a struct.
func typed[S, R any](f func(ctx context.Context, settings S, begin func()) (R, error)) role {
	return func(ctx context.Context, text []byte, begin func()) (any, error) {
		var settings S
		if err := json.Unmarshal(text, &settings); err != nil {
			return nil, err
		}
		return f(ctx, settings, begin)
	}
}

// play plays a role and returns the status to exit with. It ends at the latest when standard input does, which it
// does when the parent dies.
func play(name, settings string) int {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	f := roles()[name]
	if f == nil {
		fmt.Fprintf(os.Stderr, "bench: there is no role %q\n", name)
		return 2
	}
	result, err := f(ctx, []byte(settings), func() { fmt.Println("begin") })
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %s: %v\n", name, err)
		return 1
	}
	return 0
}

// load is a role that another process plays.
type load struct {
	*process
	name string
}

// start has a role begin in a process of its own, and returns when it has prepared everything.
func start(ctx context.Context, name string, settings any) (*load, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := spawn(ctx, false, self, roleArgument, name, string(text))
	if err != nil {
		return nil, err
	}
	l := &load{p, name}
	if line, err := p.output.ReadString('\n'); line != "begin\n" {
		l.stop()
		return nil, fmt.Errorf("%s did not begin: it wrote %q (%v)", name, line, err)
	}
	return l, nil
}

// result waits for what the role found.
func (l *load) result(into any) error {
	if err := json.NewDecoder(l.output).Decode(into); err != nil {
		return fmt.Errorf("%s found nothing: %w", l.name, err)
	}
	return nil
}

// observe plays a role against a server, and returns what processor time the server used while it was measured.
func observe(ctx context.Context, s *server, name string, settings, result any) (used time.Duration, err error) {
	l, err := start(ctx, name, settings)
	if err != nil {
		return 0, err
	}
	defer l.stop()
	before, err := s.processorTime()
	err = errors.Join(err, l.result(result))
	after, err2 := s.processorTime()
	return after - before, errors.Join(err, err2)
}
