// Command gateway serves the WebSocket APIs of a SAM, CloudFormation or CDK template on this machine, with their functions
// as they are. It is for development and tests: functions have the rights of whoever starts it.
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
	"time"

	"wsecho/functions/internal/serve"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // The second one ends the program at once.
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// patience is how long ending waits for what is under way.
const patience = 5 * time.Second

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	server, err := serve.Start(ctx, options.serving(stderr))
	if ctx.Err() != nil && err != nil {
		return nil // It was ended while it started.
	}
	if err != nil {
		return err
	}
	describe(stdout, stderr, server)
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return server.Close(closing)
}
