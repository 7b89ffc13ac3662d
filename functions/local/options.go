package main

import (
	"flag"
	"fmt"
	"io"
)

// options are what the flags set.
type options struct {
	addr     string
	stage    string
	dynamodb string
	verbose  bool
	json     bool
}

const usage = `Runs the whole wsEcho API on this machine, for development.

  %[1]s                                        listen on ws://127.0.0.1:8080/dev
  wscat -c 'ws://127.0.0.1:8080/dev?user=ada'  connect to it, as ada or without a name

Flags:
`

// parse reads the command line. It has told stderr what is wrong, or what flags there are, when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, usage, "make run")
		flags.PrintDefaults()
	}
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	flags.StringVar(&o.stage, "stage", "dev", "`name` of the stage, the path under which the API is served")
	flags.StringVar(&o.dynamodb, "dynamodb", "", "`URL` of a DynamoDB-compatible server that keeps the registry instead of memory")
	flags.BoolVar(&o.verbose, "v", false, "log messages and replies as well")
	flags.BoolVar(&o.json, "json", false, "log JSON instead of readable lines")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see -help", flags.Arg(0))
	}
	return o, nil
}
