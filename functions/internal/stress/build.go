package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// workshop builds the program under test.
type workshop struct {
	root   string // The module's folder.
	folder string // Of what is built.
	out    io.Writer
}

// edit replaces text that a file has once.
type edit struct{ file, old, new string }

//go:embed testdata/queue.go testdata/local.go
var added embed.FS

// reaped is what a line of the program's log begins with that names the user of a connection which is reaped.
const reaped = "reaped: "

// misfortunes let the queue, its workers and the functions fail on purpose, which the program has no flags for.
var misfortunes = []edit{
	{"adapters/memory/queue.go", "func (q *Queue) Enqueue(_ context.Context, ds ...domain.Delivery) error {\n",
		"func (q *Queue) Enqueue(ctx context.Context, ds ...domain.Delivery) error {\n" +
			"	if err := ctx.Err(); err != nil { // Who was killed queues nothing.\n		return err\n	}\n"},
	{"adapters/memory/queue.go", "due := time.Now().Add(d.Delay)", "due := time.Now().Add(d.Delay + Unreliable().delay())"},
	{"adapters/memory/queue.go", "err := handle(ctx, e.Delivery)", "err := Unreliable().handle(ctx, e.Delivery, handle)"},
	{"functions/local/server.go", "gateway.Route{Handler: handler,", "gateway.Route{Handler: unreliable(key, handler),"},
	{"domain/reap.go", "		reaping.Go(", "		println(\"" + reaped + "\" + m.User)\n		reaping.Go("}, // For the log.
}

// files are added to packages of the program.
var files = map[string]string{
	"adapters/memory/unreliable.go": "testdata/queue.go",
	"functions/local/unreliable.go": "testdata/local.go",
}

func newWorkshop(ctx context.Context, out io.Writer) (*workshop, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("the module's folder is not found: %w", err)
	}
	folder, err := os.MkdirTemp("", "stress")
	return &workshop{strings.TrimSpace(string(root)), folder, out}, err
}

// build compiles the program with misfortunes, and perhaps a bug.
func (w *workshop) build(ctx context.Context, p plant) (binary string, err error) {
	work := filepath.Join(w.folder, "as it is")
	if p.name != "" {
		work = filepath.Join(w.folder, p.name)
	}
	if err := os.MkdirAll(work, 0o700); err != nil {
		return "", err
	}
	overlay, err := w.overlay(work, append(misfortunes[:len(misfortunes):len(misfortunes)], p.edits...))
	if err != nil {
		return "", err
	}
	binary = filepath.Join(work, "local")
	command := exec.CommandContext(ctx, "go", "build", "-overlay="+overlay, "-o", binary, "./functions/local")
	command.Dir = w.root
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return binary, nil
}

// overlay writes what go build needs to build the program with some text replaced, into a folder.
func (w *workshop) overlay(folder string, edits []edit) (list string, err error) {
	replaced := map[string]string{}
	for file, source := range files {
		text, err := added.ReadFile(source)
		if err != nil {
			return "", err
		}
		if err := w.put(folder, file, text, replaced); err != nil {
			return "", err
		}
	}
	for _, e := range edits {
		if err := w.edit(folder, e, replaced); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	list = filepath.Join(folder, "overlay.json")
	return list, errors.Join(err, os.WriteFile(list, text, 0o600))
}

// edit edits the copy of a file, which replaced names, and makes it if there is none.
func (w *workshop) edit(folder string, e edit, replaced map[string]string) error {
	current, again := replaced[w.path(e.file)]
	if !again {
		current = w.path(e.file)
	}
	source, err := os.ReadFile(current)
	if err != nil {
		return err
	}
	if n := strings.Count(string(source), e.old); n != 1 {
		return fmt.Errorf("%s has changed: what is to be replaced is there %d times:\n%s", e.file, n, e.old)
	}
	return w.put(folder, e.file, []byte(strings.Replace(string(source), e.old, e.new, 1)), replaced)
}

func (w *workshop) put(folder, file string, text []byte, replaced map[string]string) error {
	copied := filepath.Join(folder, strings.ReplaceAll(file, "/", "-"))
	replaced[w.path(file)] = copied
	return os.WriteFile(copied, text, 0o600)
}

func (w *workshop) path(file string) string { return filepath.Join(w.root, filepath.FromSlash(file)) }
