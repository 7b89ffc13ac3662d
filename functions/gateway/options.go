package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"wsecho/adapters/cloudformation"
	"wsecho/functions/internal/console"
	"wsecho/functions/internal/serve"
)

// options are what the flags set.
type options struct {
	template   string
	reading    cloudformation.Options
	addr       string
	exec       pairs
	env        pairs
	processes  int
	freeze     bool
	timeouts   bool
	strict     bool
	watch      bool
	verbose    bool
	quiet      bool
	parameters pairs
	values     pairs
}

const usage = `Serves the WebSocket APIs of a template on this machine: API Gateway, and the functions as they are, without Docker.

  gateway -template template.yaml                          a SAM or CloudFormation template
  gateway -template .aws-sam/build/template.yaml           what sam build made of it
  gateway -template cdk.out/Chat.template.json             what cdk synth made
  npx wscat -c ws://127.0.0.1:3001/Prod                    connect to the stage Prod

Functions for nodejs and python need Node or Python, provided ones are run as they are. Others are run by a command:

  gateway -template template.yaml -exec Chat='java -jar target/chat.jar'

What has an endpoint of its own is found by the variables of AWS's SDKs, which are passed on with credentials:

  AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000 gateway -template template.yaml

Flags:
`

// parse reads the command line. It has told stderr what flags there are when it returns flag.ErrHelp.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{parameters: pairs{}, values: pairs{}, exec: pairs{}, env: pairs{}}
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // What is wrong is said once, in the error.
	flags.Usage = func() {}
	o.define(flags)
	err := flags.Parse(args)
	switch {
	case err == flag.ErrHelp:
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; see -help", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q; see -help", flags.Arg(0))
	}
	return o, nil
}

func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.template, "template", "template.yaml", "`file` that describes the APIs and their functions")
	flags.Var(o.parameters, "p", "`Name=Value` of a parameter of the template; may be given several times")
	flags.Var(o.values, "value", "`Expression=Value` for what only AWS knows, such as Queue, Queue.Arn, 'ImportValue Name' or {{resolve:ssm:/path}}; may be given several times")
	flags.StringVar(&o.reading.Config, "config", "", "`file` of SAM's configuration; samconfig.toml beside the template if it is there")
	flags.StringVar(&o.reading.Environment, "config-env", "", "`name` of the part of it that counts; default if it is not given")
	flags.StringVar(&o.reading.Region, "region", "", "`name` of the region; SAM's configuration or us-east-1 says it otherwise")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:3001", "`address` where the first API listens, further ones at the next ports that are free; port 0 picks free ones")
	flags.Var(o.exec, "exec", "`Function=command` to run in the function's folder instead of the function, with the variables of the Runtime API; may be given several times")
	flags.Var(o.env, "env", "`NAME=value` of a variable for all functions, whose own ones win; may be given several times")
	flags.IntVar(&o.processes, "processes", 10, "`number` of processes that a function has at most")
	flags.BoolVar(&o.freeze, "freeze", true, "freeze idle processes, as Lambda does (Linux)")
	flags.BoolVar(&o.timeouts, "timeouts", true, "end what exceeds its function's Timeout; false for debuggers")
	flags.BoolVar(&o.strict, "strict", false, "end with status 1 if the code of a function fails when it starts, instead of failing its events")
	flags.BoolVar(&o.watch, "watch", false, "restart functions whose files change")
	flags.BoolVar(&o.verbose, "v", false, "log messages and replies as well")
	flags.BoolVar(&o.quiet, "q", false, "log only what goes wrong, and what functions print")
}

// serving is what the flags mean. Records and what functions print go to out.
func (o options) serving(out io.Writer) serve.Options {
	o.reading.Parameters, o.reading.Values = o.parameters, o.values
	level := slog.LevelInfo
	if o.quiet {
		level = slog.LevelWarn
	}
	var env []string
	for name, value := range o.env {
		env = append(env, name+"="+value)
	}
	return serve.Options{
		Template: o.template, Reading: o.reading, Addr: o.addr, Exec: o.exec, Env: env, Processes: o.processes,
		NoFreeze: !o.freeze, NoTimeouts: !o.timeouts, Watch: o.watch, Strict: o.strict, LogBodies: o.verbose,
		Logger: slog.New(console.New(out, level, console.Terminal(out))), Output: console.Lines(out),
	}
}

// pairs is a flag that may be given several times.
type pairs map[string]string

// String implements flag.Value.
func (p pairs) String() string { return "" }

// Set implements flag.Value.
func (p pairs) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" {
		return fmt.Errorf("it must be Name=Value")
	}
	p[name] = value
	return nil
}
