package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is one subject of measurement, and a section of the page.
type part struct {
	name    string
	measure func(*bench, context.Context) (section, error)
}

// allParts are measured when none is named, in this order.
func allParts() []part {
	return []part{{"echo", (*bench).echo}}
}

// options are what the command line sets.
type options struct {
	parts  []part
	output string
	rounds int

	connections []int
	interval    time.Duration
}

const usage = `Measures wsEcho as it is shipped, each server in a process of its own and beside its alternative,
and prints Markdown. Run it in the module's folder, on a machine that does nothing else.

  bench [flags] [part ...]    parts: %s; all of them if none is named

Flags:
`

// parse reads the command line. It has told stderr what is wrong, or what flags there are, when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{connections: []int{1, 100, 1000}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, usage, strings.Join(names(allParts()), ", "))
		flags.PrintDefaults()
	}
	flags.StringVar(&o.output, "o", "", "`file` for the page, which is replaced when everything is measured; standard output without")
	flags.IntVar(&o.rounds, "rounds", 5, "`number` of times that each comparison is made")
	flags.Func("connections", "echo: `numbers` of connections (default 1,100,1000)", numbers(&o.connections))
	flags.DurationVar(&o.interval, "interval", 2*time.Second, "echo: `time` that each measurement takes")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.choose(flags.Args())
}

// choose takes the parts that are named.
func (o *options) choose(chosen []string) error {
	o.parts = allParts()
	for _, name := range chosen {
		if !slices.Contains(names(o.parts), name) {
			return fmt.Errorf("there is no part %q; parts are %s", name, strings.Join(names(o.parts), ", "))
		}
	}
	if len(chosen) > 0 {
		o.parts = slices.DeleteFunc(o.parts, func(p part) bool { return !slices.Contains(chosen, p.name) })
	}
	if o.rounds < 1 {
		return fmt.Errorf("-rounds is %d, which measures nothing", o.rounds)
	}
	return nil
}

func names(parts []part) (all []string) {
	for _, p := range parts {
		all = append(all, p.name)
	}
	return all
}

// numbers reads a list such as 1,100,1000.
func numbers(list *[]int) func(string) error {
	return func(text string) error {
		*list = nil
		for field := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(field)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no number above 0", field)
			}
			*list = append(*list, n)
		}
		return nil
	}
}
