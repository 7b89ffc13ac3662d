package lambdaruntime

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	// freezeAfter is how long a process waits for an event before it is frozen.
	freezeAfter = 50 * time.Millisecond
	// grace is the time between SIGTERM and SIGKILL, that of a Lambda function with an internal extension
	// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
	grace = 500 * time.Millisecond
)

// state is where a process is in its life.
type state int

const (
	starting  state = iota // It has not asked for an event yet.
	idle                   // It waits for an event.
	running                // It has an event.
	responded              // It has answered its event and not asked for the next one, or its question was lost.
	ending                 // It was told to end, or has ended.
)

func (s state) String() string {
	return [...]string{"Starting", "Ready", "Running", "ResponseSent", "Ending"}[s]
}

// process is one process of a function, with the listener of its Runtime API.
type process struct {
	pool       *Pool
	number     int
	stream     string // The name of its log stream, by which Lambda tells environments apart.
	generation int
	log        *lines
	events     chan *invocation // Has room for the one event that a process may have.
	begun      time.Time

	// Protected by pool.mu.
	command *exec.Cmd // Nil until it runs.
	state   state
	retired bool // No more events go to it.
	frozen  bool
	exited  bool
	current *invocation
	failure *Error // What it reported as the error of its initialisation, or why it was killed.
	due     time.Time
	timer   *time.Timer
}

// newProcess describes a process. p.mu is held.
func newProcess(p *Pool, number int) *process {
	pr := &process{pool: p, number: number, generation: p.generation, events: make(chan *invocation, 1), begun: time.Now()}
	pr.stream = pr.begun.UTC().Format("2006/01/02") + "/[$LATEST]" + strings.ReplaceAll(uuid.NewString(), "-", "")
	pr.timer = time.AfterFunc(time.Hour, pr.rang)
	pr.alarm(p.options.InitTimeout)
	return pr
}

// run starts the process and returns when it and its group have ended.
func (pr *process) run() {
	defer pr.pool.running.Done()
	err := pr.live()
	pr.pool.mu.Lock()
	defer pr.pool.mu.Unlock()
	pr.timer.Stop()
	pr.report(err)
	pr.pool.retire(pr)
	pr.state = ending
	delete(pr.pool.processes, pr)
}

// live returns the process's exit status, nil for 0, or why there is none.
func (pr *process) live() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: pr, ErrorLog: log.New(io.Discard, "", 0)}
	defer server.Close()
	go server.Serve(listener)
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	err = pr.start(listener.Addr().String(), writer)
	_ = writer.Close()
	if err != nil {
		return err
	}
	copied := make(chan struct{})
	go func() { pr.log.copy(reader); close(copied) }()
	status := pr.command.Wait()
	pr.killGroup()
	// Only what has left the group can still hold the other end of the pipe, and nobody waits for that.
	_ = reader.SetReadDeadline(time.Now().Add(grace))
	<-copied
	return status
}

// start starts the program, unless the process has been told to end by now.
func (pr *process) start(address string, output *os.File) error {
	p := pr.pool
	command, err := p.function.command(p.shims)
	if err != nil {
		return err
	}
	pr.log = &lines{to: p.output}
	program := &exec.Cmd{Path: command[0], Args: command, Dir: p.function.Dir, Env: pr.environment(address), Stdout: output, Stderr: output}
	ownGroup(program)
	if err := p.starter.start(program); err != nil {
		return p.function.errorf("%s can't be started: %w", command[0], err)
	}
	p.watchdog.add(program.Process.Pid)
	p.options.Logger.Debug("a function's process started", "function", p.function.Name, "process", program.Process.Pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	pr.command = program
	if pr.state == ending || pr.failure != nil {
		pr.signalEnd()
	}
	return nil
}

// killGroup ends what the process has left behind. Nothing signals the group afterwards: its number may be given anew.
func (pr *process) killGroup() {
	pr.pool.mu.Lock()
	signalKill(pr.command.Process)
	pr.exited = true
	pr.pool.mu.Unlock()
	pr.pool.watchdog.remove(pr.command.Process.Pid)
}

// signal calls f, which signals the process, if there still is one. p.mu is held.
func (pr *process) signal(f func(*os.Process)) {
	if pr.command != nil && !pr.exited {
		f(pr.command.Process)
	}
}

// report tells whoever waits for the process how it ended. p.mu is held.
func (pr *process) report(status error) {
	p := pr.pool
	switch {
	case pr.state == starting:
		err := pr.initFailure(status)
		p.options.Logger.Error("a function's initialisation failed", "function", p.function.Name, "error", err.Error(), pr.unseen())
		p.failWaiting(err)
	case pr.state == running && len(pr.events) > 0: // It never got the event.
		p.waiting = slices.Insert(p.waiting, 0, <-pr.events)
	case pr.state == running:
		err := exited(pr.current.id, status)
		p.options.Logger.Error("a function's process ended during an event", "function", p.function.Name, "requestId", pr.current.id,
			"error", err.Message, pr.unseen())
		pr.current.finish(nil, err)
	}
}

// unseen is what the process wrote last, for a log, unless somebody reads it as it is written.
func (pr *process) unseen() slog.Attr {
	if pr.pool.options.Output != io.Discard {
		return slog.Attr{}
	}
	return slog.String("output", pr.lastOutput())
}

func (pr *process) lastOutput() string {
	if pr.log == nil {
		return ""
	}
	return tail(pr.log.last())
}

// initFailure is the error of a process that ended before it asked for an event.
func (pr *process) initFailure(status error) error {
	if pr.failure != nil {
		return pr.failure
	}
	var exit *exec.ExitError
	if status != nil && !errors.As(status, &exit) {
		return &Error{Type: "Runtime.InvalidEntrypoint", Message: status.Error()}
	}
	how := "exit status 0"
	if status != nil {
		how = status.Error()
	}
	f := pr.pool.function
	text := fmt.Sprintf("function %s ended before it asked for an event (%s)", f.Name, how)
	if output := pr.lastOutput(); output != "" {
		text += "; the last it wrote:\n" + output
	} else {
		text += " and wrote nothing; see what it does by hand: cd " + f.Dir + " && AWS_LAMBDA_RUNTIME_API=127.0.0.1:9 " + strings.Join(pr.command.Args, " ")
	}
	return &Error{Type: "Runtime.ExitError", Message: text}
}

// alarm lets rang be called after a time, instead of what it was set to before. A negative one is never. p.mu is held.
func (pr *process) alarm(after time.Duration) {
	if after < 0 {
		after = 1 << 62
	}
	pr.due = time.Now().Add(after)
	pr.timer.Reset(after)
}

// rang ends the time that the process has for what it does.
func (pr *process) rang() {
	p := pr.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(pr.due) {
		return
	}
	switch pr.state {
	case starting:
		pr.initTimedOut()
	case idle:
		pr.idledOn()
	case running:
		pr.timedOut()
	case responded:
		p.options.Logger.Warn("a function's process asked for no other event after its answer", "function", p.function.Name)
		pr.kill()
	case ending:
		pr.kill()
	}
}

// initTimedOut ends a process that has not asked for an event, or not ended after it had said why it can't.
func (pr *process) initTimedOut() {
	if pr.failure == nil {
		limit := pr.pool.options.InitTimeout
		pr.failure = &Error{Type: "Sandbox.Timedout", Message: fmt.Sprintf("function %s did not ask for an event within %v", pr.pool.function.Name, limit)}
	}
	pr.signal(signalKill)
}

// timedOut ends a process whose event took too long. Its caller learns of it at once.
func (pr *process) timedOut() {
	p := pr.pool
	err := timedOut(pr.current.id, p.function.Timeout)
	p.options.Logger.Error("a function timed out", "function", p.function.Name, "requestId", pr.current.id, "error", err.Message)
	pr.current.finish(nil, err)
	pr.state = ending
	pr.kill()
}

// rest begins the time without an event. p.mu is held.
func (pr *process) rest() {
	if pr.pool.freezes {
		pr.alarm(freezeAfter)
	} else {
		pr.alarm(pr.pool.options.IdleTimeout)
	}
}

// idledOn freezes the process, or ends it if there are others.
func (pr *process) idledOn() {
	switch p := pr.pool; {
	case p.freezes && !pr.frozen:
		pr.signal(signalStop)
		pr.frozen = true
	case p.size > 1:
		pr.terminate()
		return
	}
	pr.alarm(pr.pool.options.IdleTimeout)
}

// thaw lets a frozen process run. p.mu is held.
func (pr *process) thaw() {
	if pr.frozen {
		pr.signal(signalContinue)
		pr.frozen = false
	}
}

// terminate asks the process to end, and makes it end soon. p.mu is held.
func (pr *process) terminate() {
	if pr.state == ending {
		return
	}
	pr.pool.retire(pr)
	pr.state = ending
	pr.signalEnd()
}

func (pr *process) signalEnd() {
	pr.thaw()
	pr.signal(signalTerminate)
	pr.alarm(grace)
}

// kill ends the process now. p.mu is held.
func (pr *process) kill() {
	pr.pool.retire(pr)
	if pr.state != running {
		pr.state = ending
	}
	pr.signal(signalKill)
}
