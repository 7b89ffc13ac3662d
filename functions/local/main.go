// Command local runs the whole API on one machine: the handlers of the deployed Lambdas behind a local API Gateway,
// with everything kept in memory. It is for development: whoever reaches it may connect, but for web pages of others.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "wsecho:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then closes every socket.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	server, err := start(ctx, options, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", server.url)
	<-ctx.Done()
	return server.stop()
}
