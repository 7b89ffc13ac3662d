package main

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// options are what the command line sets.
type options struct {
	connections []int
	rooms       []crowd
	members     int
	lines       float64
	broadcasts  float64
	ping        time.Duration
	rate        int
	workers     int
	peers       bool
}

// crowd is one room with its members and what all of them say together.
type crowd struct {
	members int
	lines   float64 // A second.
}

func (c crowd) String() string { return fmt.Sprintf("%dx%g", c.members, c.lines) }

const usageText = `Simulates wsEcho with many connections and prints, as Markdown, what they cost an hour and which
quota they exceed first. The sizes and rates that docs/capacity.md shows are the defaults.

  go run ./functions/internal/capacity [flags]

Flags:
`

// parse reads the command line. It has told stderr what flags there are when it returns flag.ErrHelp.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{
		connections: []int{10_000, 100_000, 1_000_000, 10_000_000}, rooms: []crowd{{10_000, 5}, {10_000, 20}},
	}
	flags := flag.NewFlagSet("capacity", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usageText)
		flags.PrintDefaults()
	}
	o.define(flags)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check()
}

// define adds the flags.
func (o *options) define(flags *flag.FlagSet) {
	flags.Func("connections", "`numbers` of connections, all of them in small rooms (default 10000,100000,1000000,10000000)", listOf(&o.connections, strconv.Atoi))
	flags.Func("rooms", "large rooms, as a `list` of members x lines a second (default 10000x5,10000x20)", listOf(&o.rooms, parseCrowd))
	flags.IntVar(&o.members, "members", 10, "`number` of members of each small room")
	flags.Float64Var(&o.lines, "lines", 10, "`number` of lines that each connection in small rooms says an hour")
	flags.Float64Var(&o.broadcasts, "broadcasts", 1, "`number` of broadcasts to everybody an hour; none beside large rooms")
	flags.DurationVar(&o.ping, "ping", 30*time.Second, "`time` between a client's pings, its pingMs")
	flags.IntVar(&o.rate, "rate", 4000, "the template's CallbackRate, in `posts` a second")
	flags.IntVar(&o.workers, "workers", 3, "the template's MaximumConcurrency, a `number` of workers")
	flags.BoolVar(&o.peers, "peers", false, "print what the same workloads cost elsewhere")
}

// check refuses what can't be simulated.
func (o *options) check() error {
	for _, n := range o.connections {
		if n < o.members || n > 100_000_000 {
			return fmt.Errorf("-connections has %d, which is not from the -members of a room to a hundred million", n)
		}
	}
	for _, c := range o.rooms {
		if c.members < 2 || c.members > 100_000 || c.lines <= 0 {
			return fmt.Errorf("-rooms has %s; a room has 2 to 100,000 members, who say something", c)
		}
	}
	if o.members < 2 || o.members > 100 || o.lines <= 0 || o.broadcasts < 0 || o.ping <= 0 || o.rate < 1 || o.workers < 2 {
		return fmt.Errorf("-members is 2 to 100, -workers 2 at least; the other numbers are above 0")
	}
	return nil
}

// listOf reads a list whose items are separated by commas; an empty one has none.
func listOf[T any](into *[]T, item func(string) (T, error)) func(string) error {
	return func(text string) error {
		*into = nil
		for field := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' }) {
			value, err := item(field)
			if err != nil {
				return err
			}
			*into = append(*into, value)
		}
		return nil
	}
}

func parseCrowd(text string) (crowd, error) {
	var c crowd
	if _, err := fmt.Sscanf(text, "%dx%g", &c.members, &c.lines); err != nil {
		return c, fmt.Errorf("%q is no room such as 10000x5", text)
	}
	return c, nil
}
