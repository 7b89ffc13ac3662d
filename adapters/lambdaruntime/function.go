package lambdaruntime

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Function describes a Lambda function that is on this machine.
type Function struct {
	// Name appears in the environment, in the function's ARN and before each line of its output. Required.
	Name string
	// Runtime is Lambda's identifier, such as nodejs20.x, python3.13 or provided.al2023. It is required unless there is a
	// Command.
	Runtime string
	// Handler is what Lambda calls by this name, such as index.handler. provided runtimes hand it on and need none.
	Handler string
	// Dir is the folder of the code, which is LAMBDA_TASK_ROOT and the working directory. Required.
	Dir string
	// Command, if there is one, is what runs instead of what belongs to Runtime: a program that speaks the Runtime API, and
	// its arguments. Its processes are not frozen, so that it may be a debugger.
	Command []string
	// Env are the function's own variables as NAME=value. They win over the ones that Lambda defines, except
	// AWS_LAMBDA_RUNTIME_API.
	Env []string
	// Timeout of an event, initialisation not included. 0 means 3 s, Lambda's default; a negative one means none.
	Timeout time.Duration
	// MemoryMB is what the function is told that it has. 0 means 128, Lambda's default. Nothing enforces it.
	MemoryMB int
	// MaxProcesses is how many events are handled at the same time, Lambda's reserved concurrency. 0 means 10.
	MaxProcesses int
}

// Options are what functions have in common. The zero value is Lambda's behaviour, without any log.
type Options struct {
	// Logger gets a record for each process that starts, crashes or is killed. Nil logs nothing.
	Logger *slog.Logger
	// Output gets what functions write, by line, each after the name of its function. Pools that share it each
	// call Write with whole lines, concurrently. Nil discards them.
	Output io.Writer
	// NoFreeze lets idle processes run on. Freezing needs Linux; elsewhere they always run on.
	NoFreeze bool
	// Region and AccountID appear in ARNs and in the environment. Defaults: us-east-1, 123456789012.
	Region, AccountID string
	// InitTimeout is how long a process may take until it asks for its first event. 0 means Lambda's 10 s
	// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html), a negative one no limit.
	InitTimeout time.Duration
	// QueueTimeout is how long an event waits for a process while all are busy; then Invoke returns a TooManyRequestsException.
	// Lambda doesn't wait at all, but has 1,000 of them. 0 means 29 s, after which API Gateway waits no longer.
	QueueTimeout time.Duration
	// IdleTimeout is how long a process lives without an event, unless it is the last of its function. 0 means 5 min.
	IdleTimeout time.Duration
}

func (f Function) withDefaults() Function {
	f.Timeout = cmp.Or(f.Timeout, 3*time.Second)
	f.MemoryMB = cmp.Or(f.MemoryMB, 128)
	f.MaxProcesses = cmp.Or(f.MaxProcesses, 10)
	f.Command, f.Env = slices.Clone(f.Command), slices.Clone(f.Env)
	if dir, err := filepath.Abs(f.Dir); err == nil && f.Dir != "" {
		f.Dir = dir
	}
	return f
}

func (f Function) validate() error {
	switch {
	case f.Name == "":
		return errors.New("lambdaruntime: a function has no name")
	case f.Dir == "":
		return f.errorf("it has no folder of code")
	case f.MaxProcesses < 0:
		return f.errorf("MaxProcesses is negative")
	}
	if info, err := os.Stat(f.Dir); err != nil || !info.IsDir() {
		return f.errorf("its folder of code does not exist: %s", f.Dir)
	}
	return nil
}

// errorf makes an error that says which function it is about.
func (f Function) errorf(format string, args ...any) error {
	return fmt.Errorf("function "+f.Name+": "+format, args...)
}

func (o Options) withDefaults() Options {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.Output == nil {
		o.Output = io.Discard
	}
	o.Region = cmp.Or(o.Region, "us-east-1")
	o.AccountID = cmp.Or(o.AccountID, "123456789012")
	o.InitTimeout = cmp.Or(o.InitTimeout, 10*time.Second)
	o.QueueTimeout = cmp.Or(o.QueueTimeout, 29*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 5*time.Minute)
	return o
}
