package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMain lets the test binary play roles, as the command does.
func TestMain(m *testing.M) {
	if isRole(os.Args) {
		os.Exit(play(os.Args[2], os.Args[3]))
	}
	os.Exit(m.Run())
}

// tiny measures almost nothing.
func tiny(more ...string) []string {
	return append([]string{"-rounds", "1", "-connections", "3", "-interval", "100ms", "-posts", "100", "-idle", "200", "-starts", "1",
		"-clients", "30", "-broadcasts", "2", "-rooms", "5x20", "-busy-rooms", "2", "-talk", "200ms", "-tail", "10s"}, more...)
}

// figure is a cell with a number that was measured.
var figure = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?( \([0-9.]+–[0-9.]+\))?$`)

// nonsense is what comes of a division by nothing.
var nonsense = regexp.MustCompile("NaN|Inf")

// TestPage runs every part in a tiny size: each has a table of numbers, and nothing runs any more at the end.
func TestPage(t *testing.T) {
	needsProc(t)
	wantPage(t, len(allParts()))
}

// TestPeersPage does so beside the programs in Node, where they are installed: make tools-peers.
func TestPeersPage(t *testing.T) {
	needsProc(t)
	if _, err := os.Stat(filepath.Join("../../..", peersInstalled)); err != nil {
		t.Skip("!! make tools-peers installs what is missing:", err)
	}
	wantPage(t, len(peerParts()), "-peers")
}

// wantPage runs so many parts: each has a table of numbers and plots that are there, and nothing runs any more at the end.
func wantPage(t *testing.T, parts int, args ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	var progress strings.Builder
	if err := run(t.Context(), tiny(append(args, "-o", file)...), io.Discard, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(page), "\n## ")
	if want := parts + 2; len(sections) != want {
		t.Fatalf("%d sections, want %d with the head and the versions:\n%s", len(sections), want, page)
	}
	for _, s := range sections[1 : len(sections)-1] {
		if numbers := numbersIn(s); numbers < 6 || !command.MatchString(s) || nonsense.MatchString(s) {
			t.Errorf("%d numbers, or no command, or no numbers at all in %s", numbers, s)
		}
	}
	for _, plot := range links.FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), plot[1])); err != nil {
			t.Errorf("the page shows what is not there: %v", err)
		}
	}
	if left := children(t); left != "" {
		t.Errorf("processes are left: %s", left)
	}
}

// command is the line that makes a section, links are its plots.
var (
	command = regexp.MustCompile(`\n    make bench(-peers)? ARGS=`)
	links   = regexp.MustCompile(`!\[.*\]\((.*)\)`)
)

func numbersIn(section string) (numbers int) {
	for line := range strings.Lines(section) {
		for cell := range strings.SplitSeq(line, "|") {
			if figure.MatchString(strings.TrimSpace(cell)) {
				numbers++
			}
		}
	}
	return numbers
}

// TestInterrupted ends a run while it measures.
func TestInterrupted(t *testing.T) {
	needsProc(t)
	ctx, interrupt := context.WithCancel(t.Context())
	progress := writer(func(line string) {
		if strings.Contains(line, "begins") { // The program runs, and its clients are about to.
			interrupt()
		}
	})
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	if err := run(ctx, tiny("-o", file, "-talk", "20s", "room"), io.Discard, progress); err == nil {
		t.Error("it ended well")
	}
	if left := children(t); left != "" {
		t.Errorf("processes are left: %s", left)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(files) > 0 {
		t.Errorf("files are left: %s", files)
	}
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"nothing"}, {"-rounds", "0"}, {"-connections", "1,x"}, {"-connections", "0"}, {"-peers", "deaf"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}

func needsProc(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); errors.Is(err, os.ErrNotExist) {
		t.Skip("!! processor time and memory of other processes are read from /proc, which is not here")
	}
}

// children are the ids of this process's children.
func children(t *testing.T) string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, list := range lists {
		ids, _ := os.ReadFile(list) // A thread may have ended.
		all += string(ids)
	}
	return all
}
