package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// api is one of the probe's APIs.
type api struct {
	url      string // Of the stage, ws:// or wss://; empty if it isn't served.
	callback string // Below which /@connections is.
	flag     string
}

// apis are what the probe has, by the names of their flags.
type apis struct {
	main, guarded, bare, paths, all, constant api
}

// options are what the program was asked for.
type options struct {
	apis
	name     string
	region   string
	wait     time.Duration
	quiet    time.Duration
	long     bool
	skip     string
	json     bool
	markdown bool
	record   string
	reports  []string // Files to make a table of.
}

// parse reads the arguments. What is wrong with them is said to stderr.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.main.url, "url", "", "the stage of the API ProbeMain")
	flags.StringVar(&o.main.callback, "callback", "", "where its @connections are (default: the URL with http for ws)")
	flags.StringVar(&o.guarded.url, "guarded", "", "the stage of ProbeGuarded, which has an authorizer")
	flags.StringVar(&o.bare.url, "bare", "", "the stage of ProbeBare, without $connect, $disconnect and $default")
	flags.StringVar(&o.paths.url, "paths", "", "the stage of ProbePaths, whose expression joins two values")
	flags.StringVar(&o.all.url, "all", "", `the stage of ProbeAll, whose expression is \$default`)
	flags.StringVar(&o.constant.url, "constant", "", "the stage of ProbeConstant, whose expression is echo; throttled")
	outputs := flags.String("outputs", "", "a file with the stack's outputs as AWS prints them, in place of the URLs")
	flags.StringVar(&o.name, "name", "", "what the server is called in the report, with its version (default: its URL)")
	flags.StringVar(&o.region, "region", os.Getenv("AWS_REGION"), "the region that management calls are signed for")
	flags.DurationVar(&o.wait, "wait", 10*time.Second, "how long to wait for what has to come")
	flags.DurationVar(&o.quiet, "quiet", time.Second, "how long to watch for what must not come")
	flags.BoolVar(&o.long, "long", false, "wait for ten minutes of silence and two hours of life as well")
	flags.StringVar(&o.skip, "skip", "", "statements not to ask about, as M08,M17: the server has no such routes")
	flags.BoolVar(&o.json, "json", false, "print a report for machines; progress goes to standard error")
	flags.BoolVar(&o.markdown, "markdown", false, "print a table of the reports in the files that are named, and test nothing")
	flags.StringVar(&o.record, "record", "", "a folder for the events that came, one of each kind")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	o.reports = flags.Args()
	if *outputs != "" {
		if err := o.readOutputs(*outputs); err != nil {
			return nil, err
		}
	}
	return o, o.complete()
}

// complete fills in what follows from the rest.
func (o *options) complete() error {
	switch {
	case o.markdown && len(o.reports) == 0:
		return errors.New("-markdown makes a table of reports: name their files")
	case o.markdown:
		return nil
	case o.main.url == "":
		return errors.New("say where the probe is: -url wss://… or -outputs FILE")
	case len(o.reports) > 0:
		return fmt.Errorf("unexpected %q", o.reports[0])
	}
	for flag, a := range o.byFlag() {
		a.flag = flag
		a.url = strings.TrimSuffix(a.url, "/")
		if a.url != "" && !strings.HasPrefix(a.url, "ws://") && !strings.HasPrefix(a.url, "wss://") {
			return fmt.Errorf("-%s %s: a URL begins with ws:// or wss://", flag, a.url)
		}
		if a.callback == "" {
			a.callback = strings.Replace(a.url, "ws", "http", 1)
		}
	}
	if o.name == "" {
		o.name = o.main.url
	}
	return nil
}

func (o *options) byFlag() map[string]*api {
	return map[string]*api{
		"url": &o.main, "guarded": &o.guarded, "bare": &o.bare, "paths": &o.paths, "all": &o.all, "constant": &o.constant,
	}
}

// readOutputs takes the URLs of the list that `aws cloudformation describe-stacks --query 'Stacks[0].Outputs'` and
// `sam list stack-outputs --output json` print.
func (o *options) readOutputs(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var outputs []struct{ OutputKey, OutputValue string }
	if err := json.Unmarshal(content, &outputs); err != nil {
		return fmt.Errorf("%s is no list of a stack's outputs: %w", file, err)
	}
	names := map[string]*api{
		"MainUrl": &o.main, "GuardedUrl": &o.guarded, "BareUrl": &o.bare, "PathsUrl": &o.paths, "AllUrl": &o.all,
		"ConstantUrl": &o.constant,
	}
	for _, output := range outputs {
		if a := names[output.OutputKey]; a != nil && a.url == "" {
			a.url = output.OutputValue
		}
	}
	return nil
}
