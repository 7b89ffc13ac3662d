package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bench is one run of this command.
type bench struct {
	options
	root     string            // The module's folder.
	work     string            // A folder that goes away when the run ends.
	progress io.Writer         // Where people read how far it is.
	built    map[string]string // The binaries, by the package that they are built of, and how.
	plots    []plot            // Of what is measured so far.
}

// bare is the folder of what the program is compared with, a module of its own.
const bare = "functions/internal/bench/bare"

func newBench(ctx context.Context, o options, progress io.Writer) (*bench, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	b := &bench{options: o, root: root, progress: progress, built: map[string]string{}}
	if err := b.needs(); err != nil {
		return nil, err
	}
	b.work, err = os.MkdirTemp("", "wsecho-bench-")
	return b, err
}

// say tells people how far it is.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }

// build compiles a package in a folder of the repository and returns the binary. It does so once.
func (b *bench) build(ctx context.Context, folder string, flags ...string) (string, error) {
	what := strings.Join(append([]string{folder}, flags...), " ")
	if binary, ok := b.built[what]; ok {
		return binary, nil
	}
	b.say("building %s", folder)
	binary := filepath.Join(b.work, fmt.Sprintf("%s-%d", slug(folder), len(b.built)))
	command := exec.CommandContext(ctx, "go", append(append([]string{"build"}, flags...), "-o", binary, ".")...)
	command.Dir = filepath.Join(b.root, folder)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", folder, err, out)
	}
	b.built[what] = binary
	return binary, nil
}
