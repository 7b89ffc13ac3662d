package main

import (
	"flag"
	"fmt"
	"io"
	"os/user"
	"time"
)

// options are what the command line sets.
type options struct {
	url, user string
	command   command
	args      []string
	bench     benchOptions
}

// benchOptions are those of the command bench.
type benchOptions struct {
	members  int
	rate     float64
	duration time.Duration
}

const usage = `Talks to a stage of wsEcho.

  go run ./functions/client [flags] command [arguments]

Commands:
`

const rest = `
The environment variable WSECHO_TOKEN has the token for a stage that asks for one. Ctrl-C ends a command.
The exit status is 0, 1 if something failed, and 2 if the command line is wrong.

Flags:
`

// parse reads the command line. Flags may stand before and behind the command's name. Help has been told when it returns
// flag.ErrHelp.
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.url, "url", "ws://127.0.0.1:8080/dev", "`URL` of the stage; a deployed one has wss://")
	flags.StringVar(&o.user, "user", "", "`name` to claim where the service believes it; default is that of this machine's user")
	flags.IntVar(&o.bench.members, "members", 10, "bench: `number` of members in the room")
	flags.Float64Var(&o.bench.rate, "rate", 1, "bench: `messages` a second, of all members together")
	flags.DurationVar(&o.bench.duration, "duration", 10*time.Second, "bench: `time` for which they speak")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		for _, c := range commands {
			fmt.Fprintf(stderr, "  %-6s %-10s %s\n                    %s\n", c.name, c.parameters(), c.about, c.example)
		}
		fmt.Fprint(stderr, rest)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() == 0 {
		return o, fmt.Errorf("which command? See -help")
	}
	name := flags.Arg(0)
	if err := flags.Parse(flags.Args()[1:]); err != nil {
		return o, err
	}
	o.args = flags.Args()
	return o, o.check(name)
}

// check finds the command, and refuses what no flag can see for itself.
func (o *options) check(name string) error {
	for _, c := range commands {
		if c.name == name {
			o.command = c
		}
	}
	switch want := len(o.command.takes); {
	case o.command.name == "":
		return fmt.Errorf("there is no command %q; see -help", name)
	case len(o.args) != want:
		return fmt.Errorf("%s takes %d arguments (%s) and got %d; texts of several words stand in quotes", name, want, o.command.parameters(), len(o.args))
	case o.bench.members < 1 || o.bench.rate <= 0 || o.bench.duration <= 0:
		return fmt.Errorf("-members, -rate and -duration must be more than 0")
	}
	return nil
}

// name is the name to claim.
func (o options) name() string {
	if o.user != "" {
		return o.user
	}
	if me, err := user.Current(); err == nil {
		return me.Username
	}
	return ""
}
