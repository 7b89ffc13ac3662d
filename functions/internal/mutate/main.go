// Command mutate changes the code of some packages, one operator at a time, and tells which changes no test of the
// package notices. It fails if one of these survivors is not in survivors.txt, where each has a reason.
//
// gremlins changes, which is pinned in functions/internal/tools. It tries neither conditions of a case nor constants,
// which are in no block of a coverage profile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// packages are those whose tests are judged, each by its own tests alone. domain/chat/interleavings is no part of it:
// it is a test itself.
var packages = []string{"adapters/apigateway", "domain", "domain/chat"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	gremlins := flag.String("gremlins", "", "`file` of the tool")
	flag.Parse()
	chosen := packages
	if flag.NArg() > 0 {
		chosen = flag.Args()
	}
	if err := run(ctx, *gremlins, chosen, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// run judges packages one after the other, in the module's folder.
func run(ctx context.Context, gremlins string, chosen []string, out io.Writer) error {
	text, err := os.ReadFile("functions/internal/mutate/survivors.txt")
	if err != nil {
		return err
	}
	listed, err := parseList(string(text))
	if err != nil {
		return err
	}
	var failures []error
	for _, folder := range chosen {
		found, err := mutate(ctx, gremlins, folder, out)
		if err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
		fmt.Fprintf(out, "%s: %d of %d noticed (%d of them by taking too long)\n", folder, found.killed+found.slow, found.killed+found.slow+len(found.survivors), found.slow)
		failures = append(failures, compare(found.survivors, listed.of(folder), out))
	}
	return errors.Join(failures...)
}

// compare fails if there are survivors that are not listed, and tells which of the listed don't survive any more.
func compare(survivors, listed []survivor, out io.Writer) error {
	left := map[survivor]int{}
	for _, s := range listed {
		left[s]++
	}
	var failures []error
	for _, s := range survivors {
		if left[s]--; left[s] < 0 {
			failures = append(failures, fmt.Errorf("no test notices: %s", s))
		}
	}
	for s, n := range left {
		if n > 0 {
			fmt.Fprintf(out, "listed, but noticed now: %s\n", s)
		}
	}
	return errors.Join(failures...)
}

// findings are what came of a package.
type findings struct {
	killed, slow int
	survivors    []survivor
}

// mutate has a copy of the package and of what it needs changed: gremlins copies the whole module for each of its
// workers, and the tools that are installed in it with it.
func mutate(ctx context.Context, gremlins, folder string, out io.Writer) (findings, error) {
	copied, err := os.MkdirTemp("", "wsecho-mutate-")
	if err != nil {
		return findings{}, err
	}
	defer os.RemoveAll(copied)
	if err := copyPackages(ctx, folder, copied); err != nil {
		return findings{}, err
	}
	report := filepath.Join(copied, "report.json")
	// A time-out is the time of the build and the tests before, so many times: what loops without end costs that.
	command := exec.CommandContext(ctx, gremlins, "unleash", "./"+folder, "--workers", "2", "--timeout-coefficient", "8",
		"--output-statuses", "l", "--exclude-files", "test/", "--output", report)
	command.Dir, command.Stdout, command.Stderr = copied, out, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGINT) }
	command.WaitDelay = 10 * time.Second // Whoever interrupts it does not wait for the test that runs.
	if err := command.Run(); err != nil {
		return findings{}, err
	}
	return readReport(report, filepath.Join(copied, folder), folder)
}

// copyPackages copies go.mod, the package and what its tests import of the module.
func copyPackages(ctx context.Context, folder, into string) error {
	module, err := exec.CommandContext(ctx, "go", "list", "-m").Output()
	if err != nil {
		return err
	}
	list, err := exec.CommandContext(ctx, "go", "list", "-deps", "-test", "-f", "{{.ImportPath}}", "./"+folder).Output()
	if err != nil {
		return err
	}
	prefix := strings.TrimSpace(string(module)) + "/"
	for line := range strings.Lines(string(list)) {
		path, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path, ok := strings.CutPrefix(path, prefix); ok {
			if err := copyFolder(path, filepath.Join(into, path)); err != nil {
				return err
			}
		}
	}
	return errors.Join(copyFile("go.mod", filepath.Join(into, "go.mod")), copyFile("go.sum", filepath.Join(into, "go.sum")))
}

// copyFolder copies the files of a package, and its testdata. Where there is no folder it is a name of go test's.
func copyFolder(from, to string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return nil
	}
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		switch {
		case f.Name() == "testdata":
			err = errors.Join(err, os.CopyFS(filepath.Join(to, f.Name()), os.DirFS(filepath.Join(from, f.Name()))))
		case !f.IsDir():
			err = errors.Join(err, copyFile(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())))
		}
	}
	return err
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
