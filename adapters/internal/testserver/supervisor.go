package testserver

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// role, as the name of the program (its argument zero), turns a test binary into a supervisor.
const role = "testserver-supervisor"

// A supervisor is the test binary itself, started once more. It has to take over before the tests' main does, which
// would not understand its arguments.
func init() {
	if os.Args[0] == role && len(os.Args) > 1 {
		os.Exit(supervise(os.Args[1:]))
	}
}

// supervise runs a command and kills it when standard input ends, which the operating system brings about when the
// process at the other end of it ends, however that happens. It returns the exit code.
//
// Standard output is never written to: it stays open for as long as the command runs, which is how the other end
// knows.
func supervise(command []string) int {
	child := exec.Command(command[0], command[1:]...)
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		untilTold()
		_ = child.Process.Kill()
	}()
	if err := child.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// untilTold returns when standard input ends, or at a signal that would end the supervisor before its child.
func untilTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		told <- os.Interrupt
	}()
	<-told
}
