// Command stress runs the whole program under load and misfortune, and checks what it promises: nothing that was
// acknowledged is lost, order is dense, everybody is told the same, nobody is a member who has left, and in the end
// nothing is left.
//
// The program under test is functions/local in a process of its own, built with a few lines of text replaced: its queue
// hands out twice and late, and its workers and functions die. Every choice comes from the seed; which goroutine runs
// when does not, so that a seed repeats the misfortunes and not their exact order.
//
// It needs Linux, which tells in /proc what another process uses.
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
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stress:", err)
		os.Exit(1)
	}
}

// command does what the arguments say, in the module's folder or below it.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	w, err := newWorkshop(ctx, stdout)
	if err != nil {
		return err
	}
	defer os.RemoveAll(w.folder)
	if o.planted {
		return w.tryPlanted(ctx, o)
	}
	return w.tryAll(ctx, o)
}
