package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wsecho/adapters/gateway/gatewaytest"
)

// notRun are the documented lines that need more than this machine has, and why that is so.
var notRun = map[string]string{
	`wscat -c "$(aws cloudformation describe-stacks --stack-name wsecho --query "Stacks[0].Outputs[?OutputKey=='WebSocketUrl'].OutputValue" --output text)"`: "connects to a deployed stage; make test-cloud does that, with the output of this name",
	`for i in $(seq 30); do (sleep 5) | wscat -c $(output WebSocketUrl) & done; wait`:                                                                        "looks at what an account's API Gateway throttles, which nothing here emulates",
}

// documentedAddress is where the program listens that the documents talk to.
const documentedAddress = "127.0.0.1:8080"

// TestDocumentedCommands runs every curl and wscat line that a person is told to type, as it is written but for the
// port, and holds what comes to what the document shows.
func TestDocumentedCommands(t *testing.T) {
	path := toolPath(t)
	token := tokenInstructions(t)
	unused := map[string]bool{}
	for line := range notRun {
		unused[line] = true
	}
	for name, text := range documents(t, token) {
		t.Run(name, func(t *testing.T) {
			r := &typist{t: t, path: path, instructions: token, known: map[string]string{}}
			for _, c := range commands(text) {
				if notRun[c.line] == "" {
					r.run(c)
				}
				delete(unused, c.line)
			}
			r.converse()
		})
	}
	for line := range unused {
		t.Errorf("no document has this line any more: %s", line)
	}
}

// documents are all texts that tell a person what to type, by name.
func documents(t *testing.T, token string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	all := map[string]string{"-help": code(usage), "make token": code(token)}
	for _, file := range append(files, "../../README.md") {
		if filepath.Base(file) == "gateway.md" {
			continue // That of another program, whose tests read it.
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = string(text)
	}
	return all
}

// beside is what a program prints beside a command to explain it.
var beside = regexp.MustCompile(`(?m)(\S)  +\S.*$`)

// code makes what programs print, which they indent by two spaces, look like a document's code.
func code(text string) string {
	return beside.ReplaceAllString(strings.ReplaceAll(text, "\n  ", "\n    "), "$1")
}

// tokenInstructions is what make token prints, with a key in a folder of this test.
func tokenInstructions(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "run", "./token", "-dir", t.TempDir()).Output()
	if err != nil {
		t.Fatalf("make token: %v", err)
	}
	return string(out)
}

// toolPath is a PATH that has the tools in it: wscat as make installs it, and a curl that also tells the status.
func toolPath(t *testing.T) string {
	t.Helper()
	curl, err := exec.LookPath("curl")
	if err != nil {
		missing(t, "curl")
	}
	wscat, err := filepath.Abs("../../.tools/wscat/node_modules/.bin")
	if _, missed := os.Stat(filepath.Join(wscat, "wscat")); err != nil || missed != nil {
		missing(t, "wscat (make tools-wscat)")
	}
	dir := t.TempDir()
	shim := fmt.Sprintf("#!/bin/sh\nexec %s --silent --show-error --write-out '\\n%%{http_code}' \"$@\"\n", curl)
	if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(shim), 0o700); err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{dir, wscat, os.Getenv("PATH")}, string(filepath.ListSeparator))
}

func missing(t *testing.T, tool string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: what the documents tell cannot be tested", tool)
	}
	t.Skipf("NOT TESTED: the documented commands, for want of %s", tool)
}

// typist does what one document says, with programs of its own.
type typist struct {
	t             *testing.T
	path          string
	instructions  string // Those of make token.
	open, guarded *server
	sessions      []*session

	mu    sync.Mutex
	known map[string]string // Guarded by mu: ids and times of the document, and what they are here.
}

// session is a wscat that has been started, and what the document shows of it.
type session struct {
	shown    []string
	keyboard io.WriteCloser
	screen   chan string
}

// run types one command. A wscat stays, for its document may show what several of them say to each other.
func (r *typist) run(c command) {
	r.t.Helper()
	s := r.server(c.line)
	// Longer than the test's own context, which ends before a wscat is told to go.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.t.Context()), 2*gatewaytest.Timeout)
	r.t.Cleanup(cancel)
	shell := exec.CommandContext(ctx, "bash", "-c", strings.ReplaceAll(c.line, documentedAddress, hostOf(s)))
	shell.Env = append(os.Environ(), "PATH="+r.path, "TOKEN="+r.setting(`TOKEN=(\S+)`))
	if strings.Contains(c.line, "wscat") {
		r.connect(c, shell)
		return
	}
	listener := dial(r.t, s.url+"?user=ada")
	out, err := shell.CombinedOutput()
	if err != nil || !regexp.MustCompile(`\n2\d\d$`).Match(out) {
		r.t.Errorf("%s: %v\n%s", c.line, err, out)
		return
	}
	for _, shown := range c.shown {
		r.compare(c.line, shown, "< "+listener.Message())
	}
}

// server is the program that a command talks to: one that asks for tokens, run as make token says, if it shows one.
func (r *typist) server(line string) *server {
	r.t.Helper()
	which, flags := &r.open, []string(nil)
	if strings.Contains(line, "$TOKEN") {
		which, flags = &r.guarded, strings.Fields(r.setting(`make run ARGS="(.*)"`))
	}
	if *which == nil {
		*which = startServer(r.t, flags...)
	}
	return *which
}

// setting finds something in what make token prints.
func (r *typist) setting(pattern string) string {
	r.t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(r.instructions)
	if found == nil {
		r.t.Fatalf("make token does not print %s:\n%s", pattern, r.instructions)
	}
	return found[1]
}

// connect starts a wscat and waits until it is connected: it does not say so, and loses what is typed before.
func (r *typist) connect(c command, shell *exec.Cmd) {
	r.t.Helper()
	keyboard, err := shell.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	out, in := io.Pipe()
	shell.Stdout, shell.Stderr = in, in
	if err := shell.Start(); err != nil {
		r.t.Fatal(err)
	}
	s := &session{shown: c.shown, keyboard: keyboard, screen: make(chan string, 100)}
	r.t.Cleanup(func() {
		keyboard.Close() // It ends with its input.
		if err := shell.Wait(); err != nil {
			r.t.Errorf("%s: %v", c.line, err)
		}
		in.Close()
	})
	go s.read(out)
	if !s.ready() {
		r.t.Fatalf("no connection by %s", c.line)
	}
	r.sessions = append(r.sessions, s)
}

const probe = `{"action":"echo","id":"ready"}`

// read takes lines off the screen, but for wscat's prompts.
func (s *session) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if line := strings.TrimLeft(lines.Text(), "<> "); line != "" {
			s.screen <- line
		}
	}
}

func (s *session) ready() bool {
	for deadline := time.After(gatewaytest.Timeout); ; {
		fmt.Fprintln(s.keyboard, probe)
		select {
		case line := <-s.screen:
			return strings.Contains(line, `"id":"ready"`)
		case <-time.After(100 * time.Millisecond):
		case <-deadline:
			return false
		}
	}
}

// next is the next line that is no answer to a probe.
func (s *session) next() string {
	for deadline := time.After(gatewaytest.Timeout); ; {
		select {
		case line := <-s.screen:
			if !strings.Contains(line, `"id":"ready"`) {
				return "< " + line
			}
		case <-deadline:
			return "nothing"
		}
	}
}

// converse types what the document shows and waits for what it shows, at all wscats at the same time, then looks that
// nothing else came. A wscat that begins by typing has its answer before those below it begin.
func (r *typist) converse() {
	var all sync.WaitGroup
	for _, s := range r.sessions {
		rest := s.shown
		if len(rest) > 1 && strings.HasPrefix(rest[0], "> ") {
			r.follow(s, rest[:2])
			rest = rest[2:]
		}
		all.Go(func() { r.follow(s, rest) })
	}
	all.Wait()
	for _, s := range r.sessions {
		if len(s.shown) > 0 {
			fmt.Fprintln(s.keyboard, `{"action":"echo","id":"last"}`)
			if line := s.next(); !strings.Contains(line, `"id":"last"`) {
				r.t.Errorf("wscat: came\n%s\nwhich no document shows", line)
			}
		}
	}
}

// follow types and awaits lines.
func (r *typist) follow(s *session, lines []string) {
	r.t.Helper()
	for _, shown := range lines {
		if typed, ok := strings.CutPrefix(shown, "> "); ok {
			fmt.Fprintln(s.keyboard, typed)
		} else {
			r.compare("wscat", shown, s.next())
		}
	}
}

// changing is what is another one with every run: ids, those of connections and requests too, and times.
var changing = regexp.MustCompile(`"(…|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_-]{15}=|\d{4}-\d\d-\d\dT[0-9:.]+Z)"`)

// compare holds a line to the documented one: the same text, and the same ids and times where it has the same ones.
func (r *typist) compare(what, documented, line string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if want, got := masked(documented), masked(line); got != want {
		r.t.Errorf("%s: came\n%s\nwant\n%s", what, line, documented)
		return
	}
	came := changing.FindAllString(line, -1)
	for i, shown := range changing.FindAllString(documented, -1) {
		if before := r.known[shown]; before != "" && before != came[i] && shown != `"…"` {
			r.t.Errorf("%s: %s was %s and is %s", what, shown, before, came[i])
		}
		r.known[shown] = came[i]
	}
}

var (
	members = regexp.MustCompile(`"members":\[.*?\]`)
	present = regexp.MustCompile(`\{.*?\}`)
)

// masked is a line without what changes with every run: ids, times and the order of members, which follows their
// connections' ids.
func masked(line string) string {
	line = members.ReplaceAllStringFunc(line, func(list string) string {
		all := present.FindAllString(list, -1)
		slices.Sort(all)
		return fmt.Sprintf(`"members":%s`, all)
	})
	return changing.ReplaceAllString(line, `"*"`)
}
