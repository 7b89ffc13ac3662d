package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a child of this one, which dies with it.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// spawn starts a program in a folder; its output goes to two writers.
func spawn(folder string, environment []string, stdout, stderr io.Writer, binary string, args ...string) (*process, error) {
	command := exec.Command(binary, args...)
	command.Dir, command.Env = folder, append(os.Environ(), environment...)
	command.Stdout, command.Stderr = stdout, stderr
	command.SysProcAttr = dyingWithParent()
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command, make(chan struct{})}
	go func() {
		_ = command.Wait() // How it ended is told by whoever ended it.
		close(p.ended)
	}()
	return p, nil
}

// end sends a signal and waits until the process has ended. One that does not is killed.
func (p *process) end(s syscall.Signal) {
	_ = p.command.Process.Signal(s)
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// died tells whether the process has ended.
func (p *process) died() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// program is the program under test.
type program struct {
	*process
	url string
	log *logbook
}

// start starts the program and returns when it listens.
func start(ctx context.Context, binary string, environment []string, args ...string) (*program, error) {
	out, in := io.Pipe()
	log := new(logbook)
	p, err := spawn(filepath.Dir(binary), environment, in, log, binary, args...)
	if err != nil {
		return nil, err
	}
	lines := make(chan string, 1)
	go func() {
		defer out.Close()
		line, _ := bufio.NewReader(out).ReadString('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, out)
	}()
	go func() { <-p.ended; in.Close() }()
	select {
	case line := <-lines:
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on "); ok {
			return &program{p, url, log}, nil
		}
	case <-ctx.Done():
	}
	p.end(syscall.SIGKILL)
	return nil, fmt.Errorf("the program does not listen: %s", log)
}

// footprint is what a process has of the machine.
type footprint struct{ descriptors, megabytes int }

// footprint is what the program has now. Its goroutines are known at its end alone; see dump.
func (p *program) footprint() (f footprint, err error) {
	proc := fmt.Sprintf("/proc/%d/", p.command.Process.Pid)
	fds, err := os.ReadDir(proc + "fd")
	status, err2 := os.ReadFile(proc + "status")
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return footprint{descriptors: len(fds), megabytes: kilobytes >> 10}, errors.Join(err, err2)
}

var (
	goroutine = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)
	creator   = regexp.MustCompile(`(?m)^created by (.*) in goroutine`)
)

// dump ends the program with a list of its goroutines, and returns how many there were and by whom they were created,
// without the idle ones that it keeps on purpose: the gateway's pool, and those of connections to the table's server.
func (p *program) dump() (goroutines int, creators map[string]int) {
	before := len(p.log.String())
	p.end(syscall.SIGQUIT)
	creators = map[string]int{}
	for one := range strings.SplitSeq(p.log.String()[before:], "\n\n") {
		pooled := strings.Contains(one, "gateway.(*pool).work") && !strings.Contains(one, "(*request).handle")
		if !goroutine.MatchString(one) || pooled || strings.Contains(one, "net/http.(*Transport)") {
			continue
		}
		goroutines++
		if by := creator.FindStringSubmatch(one); by != nil {
			creators[by[1]]++
		}
	}
	return goroutines, creators
}

// logbook keeps what a program logs, but for the middle of very much.
type logbook struct {
	mu   sync.Mutex // Guards text.
	text []byte
}

// maxLog is how much is kept.
const maxLog = 64 << 20

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) < maxLog {
		l.text = append(l.text, p...)
	}
	return len(p), nil
}

// String is what was logged.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
