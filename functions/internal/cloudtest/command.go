package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// farewell is how long a process may take to end after it was told to.
const farewell = 10 * time.Second

// command prepares a process in a group of its own, so that it can be ended with all that it starts. When ctx ends,
// the group is told to end.
func command(ctx context.Context, log io.Writer, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return signalGroup(c, syscall.SIGTERM) }
	c.WaitDelay = farewell
	return c
}

// finish waits for a process that was started, and leaves nothing of its group behind.
func finish(c *exec.Cmd) error {
	err := c.Wait()
	_ = signalGroup(c, syscall.SIGKILL)
	return err
}

// complete runs a process to its end.
func complete(c *exec.Cmd) error {
	if err := c.Start(); err != nil {
		return err
	}
	return finish(c)
}

func signalGroup(c *exec.Cmd, s syscall.Signal) error {
	return syscall.Kill(-c.Process.Pid, s)
}

// environment returns this process's environment without what could lead a tool to somebody's real AWS account, or
// tell an inner make what was meant for the outer one, and with the given variables.
func environment(with ...string) []string {
	var env []string
	for _, variable := range os.Environ() {
		if !foreign(variable) {
			env = append(env, variable)
		}
	}
	return append(env, with...)
}

func foreign(variable string) bool {
	for _, prefix := range []string{"AWS_", "SAM_", "MAKE", "MFLAGS=", "ARCH="} {
		if strings.HasPrefix(variable, prefix) {
			return true
		}
	}
	return false
}
