// Command capacity tells what breaks first when many are connected, and what an hour costs. It lets the code of the
// program run in virtual time over a simulated registry, log and queue, in which each request takes its time and is
// counted, and compares what that comes to with AWS's quotas and prices. docs/capacity.md has its output, and
// docs/why.md that of -peers.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"
)

// main runs within a test, because only a test has virtual time: see testing/synctest. testing.Main is kept for programs
// like this one, which are no go test.
func main() {
	args, stdout := os.Args[1:], os.Stdout
	o, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "capacity:", err)
		os.Exit(2)
	}
	os.Args = os.Args[:1]
	if os.Stdout, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil { // Where testing says PASS.
		panic(err)
	}
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "capacity", F: func(t *testing.T) { run(t, o, stdout) }}}, nil, nil)
}

// run simulates and prints.
func run(t *testing.T, o options, stdout io.Writer) {
	var forecasts []forecast
	for _, w := range o.workloads() {
		forecasts = append(forecasts, simulate(t, o, w))
	}
	text := capacity(forecasts)
	if o.peers {
		text = peersTable(forecasts).String()
	}
	if _, err := io.WriteString(stdout, text); err != nil {
		t.Error(err)
	}
}
