package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"strings"
)

// options are what the flags set.
type options struct {
	template, tools, folder string
	addr, dynamodb, sqs     string
	log                     string
	verbose                 bool
	parameters              parameters
	command                 []string
}

// parse reads the command line. It has told stderr what flags there are when it returns flag.ErrHelp.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{parameters: parameters{}}
	flags := flag.NewFlagSet("deployed", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.template, "template", "template.yaml", "`file` that describes the API; samconfig.toml beside it has its parameters")
	flags.Var(o.parameters, "p", "`Name=Value` of a parameter of the template; may be given several times")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	flags.StringVar(&o.dynamodb, "dynamodb", "", "`URL` of a DynamoDB Local that runs already")
	flags.StringVar(&o.sqs, "sqs", "", "`URL` of an ElasticMQ that runs already")
	flags.StringVar(&o.tools, "tools", ".tools", "`folder` where make has installed both")
	flags.StringVar(&o.folder, "build", ".tools/deployed", "`folder` for the functions' binaries")
	flags.StringVar(&o.log, "log", "", "`file` for what happens and what functions write, instead of the standard error")
	flags.BoolVar(&o.verbose, "v", false, "log messages and replies as well")
	err := flags.Parse(args)
	o.command = flags.Args()
	return o, err
}

// openLog opens what the log goes to, which the caller closes.
func (o options) openLog(stderr io.Writer) (io.WriteCloser, error) {
	if o.log == "" {
		return unclosed{stderr}, nil
	}
	return os.Create(o.log)
}

// unclosed is a writer that belongs to somebody else.
type unclosed struct{ io.Writer }

// Close implements io.Closer.
func (unclosed) Close() error { return nil }

// parameters is a flag that may be given several times.
type parameters map[string]string

// String implements flag.Value.
func (p parameters) String() string { return "" }

// Set implements flag.Value.
func (p parameters) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return errors.New("it must be Name=Value")
	}
	p[name] = value
	return nil
}
