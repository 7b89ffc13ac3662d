package testserver

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a command under a supervisor, seen from the test. It has no goroutines, so that tests which look for
// leaked ones find none here.
type process struct {
	command *exec.Cmd
	// leash is the supervisor's standard input: closing it ends both.
	leash io.Closer
	// life is the supervisor's standard output: it ends with the supervisor.
	life *os.File
	// log is what the command wrote. The file has no name any more, so nobody has to delete it.
	log *os.File
}

var (
	mu sync.Mutex
	// kept are the servers that run until the test binary ends. A process that nothing refers to would have its
	// leash closed by the garbage collector.
	kept []*process
)

func keep(p *process) {
	mu.Lock()
	defer mu.Unlock()
	kept = append(kept, p)
}

// supervised starts a command under a supervisor.
func supervised(command []string, dir string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "testserver-*.log")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(log.Name())
	life, lifeEnd, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	defer lifeEnd.Close()
	p := &process{life: life, log: log}
	p.command = &exec.Cmd{Path: self, Args: append([]string{role}, command...), Dir: dir, Stdout: lifeEnd, Stderr: log}
	if p.leash, err = p.command.StdinPipe(); err == nil {
		err = p.command.Start()
	}
	if err != nil {
		return nil, errors.Join(err, life.Close(), log.Close())
	}
	return p, nil
}

// aliveAfter waits and tells whether the process still runs then. It returns at once if the process ends.
func (p *process) aliveAfter(wait time.Duration) bool {
	if err := p.life.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false
	}
	_, err := p.life.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// stop ends the process and returns the last of what it wrote.
func (p *process) stop() string {
	_ = p.leash.Close()
	_ = p.command.Wait()
	_ = p.life.Close()
	defer p.log.Close()
	const enough = 4 << 10
	if size, err := p.log.Seek(0, io.SeekEnd); err == nil {
		_, _ = p.log.Seek(max(0, size-enough), io.SeekStart)
	}
	text, _ := io.ReadAll(p.log)
	return string(text)
}
