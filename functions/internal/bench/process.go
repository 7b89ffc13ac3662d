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
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// farewell is how long a process may take to end after it was told to.
	farewell = 10 * time.Second
	// life is how long a process may run, whatever it waits for.
	life = 5 * time.Minute
)

// process is a child of this one. It ends when its context does, and on Linux when this process dies.
type process struct {
	command *exec.Cmd
	output  *bufio.Reader
	input   io.WriteCloser
	cancel  context.CancelFunc
}

// spawn starts a program in this process's folder. What it writes to standard error comes out here, unless it is silent.
func spawn(ctx context.Context, silent bool, binary string, args ...string) (*process, error) {
	return spawnIn(ctx, "", silent, binary, args...)
}

// spawnIn starts a program in a folder.
func spawnIn(ctx context.Context, folder string, silent bool, binary string, args ...string) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, life)
	command := exec.CommandContext(ctx, binary, args...)
	command.Dir = folder
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = farewell
	command.SysProcAttr = dyingWithParent()
	if !silent {
		command.Stderr = os.Stderr
	}
	output, err := command.StdoutPipe()
	input, err2 := command.StdinPipe()
	if err := errors.Join(err, err2, command.Start()); err != nil {
		cancel()
		return nil, err
	}
	return &process{command, bufio.NewReader(output), input, cancel}, nil
}

// stop ends the process and waits until it has.
func (p *process) stop() {
	p.cancel()
	_ = p.command.Wait() // It was told to end.
}

// server is a process that listens.
type server struct {
	*process
	url string
}

// serve starts a contestant and returns when it listens.
func (b *bench) serve(ctx context.Context, c contestant) (*server, error) {
	if c.start != nil {
		return c.start(b, ctx)
	}
	binary, err := b.buildVariant(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := spawn(ctx, c.silent, binary, c.flags...)
	if err != nil {
		return nil, err
	}
	return p.listening()
}

// listening waits for the line in which a server tells its URL.
func (p *process) listening() (*server, error) {
	line, err := p.output.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		p.stop()
		return nil, fmt.Errorf("%s does not listen: it wrote %q (%v)", p.command.Path, line, err)
	}
	url, _, _ = strings.Cut(url, " ") // functions/gateway tells more.
	return &server{p, url}, nil
}

// summary ends the program and returns what it says then: how much it posted and how long its queues were.
func (s *server) summary() (map[string]int, error) {
	s.cancel()
	defer s.stop()
	for {
		line, err := s.output.ReadString('\n')
		if fields, ok := strings.CutPrefix(line, "ended "); ok {
			return numbers(fields), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s ended without telling what it did: %w", s.command.Path, err)
		}
	}
}

// numbers reads fields such as posts=12.
func numbers(fields string) map[string]int {
	all := map[string]int{}
	for field := range strings.FieldsSeq(fields) {
		name, value, _ := strings.Cut(field, "=")
		all[name], _ = strconv.Atoi(value)
	}
	return all
}

// processorTime is what the process has used so far with those that it started, in user mode and in the kernel.
func (p *process) processorTime() (time.Duration, error) {
	used, err := familyTime(p.command.Process.Pid)
	if err != nil {
		err = fmt.Errorf("the processor time of %s: %w", p.command.Path, err)
	}
	return used, err
}

// resident is the memory that the process occupies, in bytes.
func (p *process) resident() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("the memory of another process is read from /proc, which is Linux's: %w", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.ParseInt(strings.Fields(rest + " ?")[0], 10, 64)
	return kilobytes << 10, err
}

// familyTime is the processor time of a process, of the children that it has, and of those that have ended.
func familyTime(pid int) (time.Duration, error) {
	used, err := processorTime(pid)
	if err != nil {
		return 0, err
	}
	used += endedChildren(pid)
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		ids, _ := os.ReadFile(list) // A thread may have ended.
		for id := range strings.FieldsSeq(string(ids)) {
			if child, err := strconv.Atoi(id); err == nil {
				more, _ := familyTime(child) // It may have ended: then its time is its parent's.
				used += more
			}
		}
	}
	return used, nil
}

// endedChildren is the processor time of a process's children that have ended, with theirs. The kernel tells it in
// hundredths of a second, in the 16th and 17th field of proc_pid_stat(5).
func endedChildren(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0
	}
	user, _ := strconv.Atoi(fields[13])
	system, _ := strconv.Atoi(fields[14])
	return time.Duration(user+system) * 10 * time.Millisecond
}
