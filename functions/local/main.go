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
	"runtime"
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

// headroom is memory that is reserved and never touched. The collector runs whenever the heap has doubled, and this
// program's is so small that a quarter of every echo was collecting; counted in, this lets 32 MB pile up before. Where
// many clients keep the heap large it makes no difference, unlike a higher GOGC.
const headroom = 32 << 20

// run serves until ctx ends, then closes every socket and says how much was posted.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	reserved := make([]byte, headroom)
	defer runtime.KeepAlive(reserved)
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
	fmt.Fprint(stdout, options.hints(server.url))
	<-ctx.Done()
	err = server.stop()
	fmt.Fprintln(stdout, "ended", server.summary())
	return err
}
