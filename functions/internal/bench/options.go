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
	return []part{
		{"echo", (*bench).echo}, {"posts", (*bench).posts}, {"memory", (*bench).memory}, {"start", (*bench).starting},
		{"broadcast", (*bench).broadcast}, {"room", (*bench).room}, {"rooms", (*bench).busy}, {"deaf", (*bench).deaf},
	}
}

// peerParts are those beside other people's programs.
func peerParts() []part {
	return []part{
		{"echo", (*bench).peerEcho}, {"broadcast", (*bench).peerBroadcast}, {"start", (*bench).peerStart}, {"room", (*bench).room},
	}
}

// options are what the command line sets.
type options struct {
	parts  []part
	peers  bool
	output string
	rounds int

	interval    time.Duration
	connections []int
	postCount   int
	idle        int
	starts      int
	clients     int
	broadcasts  int
	rooms       []crowd
	busyRooms   int
	talk, tail  time.Duration
}

const usage = `Measures wsEcho as it is shipped, each server in a process of its own and beside its alternative,
and prints Markdown. Run it in the module's folder, on a machine that does nothing else.

  bench [flags] [part ...]    parts: %s; all of them if none is named

Flags:
`

// parse reads the command line. It has told stderr what is wrong, or what flags there are, when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, usage, strings.Join(names(allParts()), ", "))
		flags.PrintDefaults()
	}
	o.define(flags)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.fill()
	return o, o.choose(flags.Args())
}

// usual are the numbers of connections and the rooms where none are given.
func usual(peers bool) (connections []int, rooms []crowd) {
	if peers {
		return []int{1, 10}, []crowd{{200, 20, false}, {200, 100, false}}
	}
	return []int{1, 100, 1000}, []crowd{
		{50, 10, false}, {200, 20, false}, {200, 100, false}, {1000, 20, false}, {1000, 100, false}, {200, 50, true},
	}
}

// fill sets the lists that were not given.
func (o *options) fill() {
	connections, rooms := usual(o.peers)
	if o.connections == nil {
		o.connections = connections
	}
	if o.rooms == nil {
		o.rooms = rooms
	}
}

// define adds the flags.
func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.output, "o", "", "`file` for the page, which is replaced when everything is measured; standard output without")
	flags.BoolVar(&o.peers, "peers", false, "measure the parts echo, broadcast, start and room beside other people's programs in Node")
	flags.IntVar(&o.rounds, "rounds", 5, "`number` of times that each comparison is made")
	flags.DurationVar(&o.interval, "interval", 2*time.Second, "echo, memory: `time` that a measurement takes")
	flags.Func("connections", "echo: `numbers` of connections (default 1,100,1000; with -peers 1,10)", listOf(&o.connections, number))
	flags.IntVar(&o.postCount, "posts", 4000, "posts: `number` of posts")
	flags.IntVar(&o.idle, "idle", 10000, "memory: `number` of idle connections")
	flags.IntVar(&o.starts, "starts", 10, "start: `number` of starts a round")
	flags.IntVar(&o.clients, "clients", 2000, "broadcast: `number` of clients")
	flags.IntVar(&o.broadcasts, "broadcasts", 4, "broadcast: `number` of messages")
	_, rooms := usual(false)
	flags.Func("rooms", "room: `list` of members x lines a second, with @dynamodb on DynamoDB Local (default "+list(rooms)+")", listOf(&o.rooms, parseCrowd))
	flags.IntVar(&o.busyRooms, "busy-rooms", 20, "rooms: `number` of rooms that are busy at the same time; every tenth is larger than a page")
	flags.DurationVar(&o.talk, "talk", 10*time.Second, "room, rooms, deaf: `time` of talk")
	flags.DurationVar(&o.tail, "tail", time.Minute, "room, rooms, deaf: `time` that is waited at most, after the talk, for lines to come")
}

// choose takes the parts that are named.
func (o *options) choose(chosen []string) error {
	o.parts = allParts()
	if o.peers {
		o.parts = peerParts()
	}
	there := names(o.parts)
	for _, name := range chosen {
		if !slices.Contains(there, name) {
			return fmt.Errorf("there is no part %q; parts are %s", name, strings.Join(there, ", "))
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

// listOf reads a list whose items are separated by commas.
func listOf[T any](into *[]T, item func(string) (T, error)) func(string) error {
	return func(text string) error {
		*into = nil
		for field := range strings.SplitSeq(text, ",") {
			value, err := item(field)
			if err != nil {
				return err
			}
			*into = append(*into, value)
		}
		return nil
	}
}

// number reads a number of something.
func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no number above 0", text)
	}
	return n, nil
}
