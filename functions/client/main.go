// Command client talks to a stage of wsEcho, on this machine or deployed: it listens to rooms, speaks in them, and
// measures how long messages take. See -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"wsecho/adapters/client"
	"wsecho/functions/internal/escape"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv("WSECHO_TOKEN"), os.Stdout, os.Stderr))
}

// The exit statuses.
const (
	succeeded = iota
	failed
	misused
)

// run does what the arguments say until that is done or ctx ends, and returns the exit status.
func run(ctx context.Context, args []string, token string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return succeeded
	case err != nil:
		fmt.Fprintln(stderr, "client:", err)
		return misused
	}
	s := &session{options: o, token: token, out: stdout, log: stderr}
	if err := o.command.do(ctx, s, o.args); err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "client:", escape.Text(explained(err)))
		return failed
	}
	return succeeded
}

// explained is an error, and what helps where that is known.
func explained(err error) string {
	switch client.CodeOf(err) {
	case "unauthorized":
		return err.Error() + "; set WSECHO_TOKEN to a token of this stage"
	case client.CodeDisconnected:
		return err.Error() + "; is the service running? make run starts it on this machine"
	}
	return err.Error()
}
