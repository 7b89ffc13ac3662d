// Command deployed runs the API on this machine as it is deployed: the functions' own binaries, with the variables,
// routes and queues that template.yaml gives them, served as functions/gateway serves any template. DynamoDB Local and
// ElasticMQ stand in for DynamoDB and SQS, and what Lambda does with queues is done here.
//
// With a command after its flags it runs that when everything listens, with the URL of the API in WSECHO_URL, and ends
// with it:
//
//	go run ./functions/internal/deployed -addr 127.0.0.1:0 go test ./functions/local -run '^TestAPI$'
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
	"strings"
	"syscall"
	"time"
)

// patience is how long ending waits for what is under way.
const patience = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // The second one ends the program at once.
	forgetAWS()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "deployed:", err)
		os.Exit(1)
	}
}

// forgetAWS leaves functions nothing that could lead them to somebody's real account.
func forgetAWS() {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
}

// run serves until ctx ends, or the command that is given.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	log, err := o.openLog(stderr)
	if err != nil {
		return err
	}
	defer log.Close()
	s, err := start(ctx, o, stdout, log)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		err = errors.Join(err, s.close(closing))
	}()
	if len(o.command) > 0 {
		return unlessEnded(ctx, command(ctx, o.command, s.url(), stdout, stderr))
	}
	fmt.Fprint(stdout, s.hints())
	<-ctx.Done()
	return nil
}

// unlessEnded drops what goes wrong because somebody ends the program.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// command runs a command beside the API, in a group of its own, so that it ends with all that it has started.
func command(ctx context.Context, command []string, url string, stdout, stderr io.Writer) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdout, c.Stderr = stdout, stderr
	c.Env = append(os.Environ(), "WSECHO_URL="+url)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
	c.WaitDelay = patience
	err := c.Run()
	if c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // Most often nobody is left.
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return nil
}
