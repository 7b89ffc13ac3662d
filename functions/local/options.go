package main

import (
	"flag"
	"fmt"
	"io"
	"net/url"

	"wsecho/adapters/gateway"
	"wsecho/functions/internal/wiring"
)

// options are what the flags set.
type options struct {
	addr     string
	stage    string
	dynamodb string
	verbose  bool
	json     bool
	quiet    bool

	maxPerUser        int
	messagesPerMinute int
	historyDays       int

	callbackRate float64
	clockSpeed   float64
	postRate     float64
	faults       gateway.Faults
	reportLeaks  bool

	auth wiring.Auth

	hosts       hostNames
	remotePosts bool
}

const usage = `Runs the whole wsEcho API on this machine, for development.

  make run                                     listen on ws://127.0.0.1:8080/dev
  wscat -c 'ws://127.0.0.1:8080/dev?user=ada'  connect to it, as ada or without a name
  http://127.0.0.1:8080/                       the chat page, in a browser

  curl -H 'Content-Type: application/json' \
    -d '{"v":1,"audience":"everyone","message":"hello"}' http://127.0.0.1:8080/push

Web pages other than its own and those of localhost may not connect: see -origins. It answers to names of loopback, and
to IP addresses if -addr is one that other machines reach: see -hosts. Those may connect then, but not push or post to
connections: see -remote-posts.

Flags:
`

const faults = `
Flags for what AWS does now and then:
`

// parse reads the command line. It has told stderr what is wrong, or what flags there are, when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags, misbehaviour := flag.NewFlagSet("local", flag.ContinueOnError), flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(stderr)
	misbehaviour.SetOutput(stderr)
	o.behave(flags)
	o.authenticate(flags)
	o.misbehave(misbehaviour)
	all := flag.NewFlagSet("local", flag.ContinueOnError)
	all.SetOutput(stderr)
	for _, part := range []*flag.FlagSet{flags, misbehaviour} {
		part.VisitAll(func(f *flag.Flag) { all.Var(f.Value, f.Name, f.Usage) })
	}
	all.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
		fmt.Fprint(stderr, faults)
		misbehaviour.PrintDefaults()
	}
	if err := all.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(all.Args())
}

// check refuses what no flag can see for itself.
func (o options) check(surplus []string) error {
	if len(surplus) > 0 {
		return fmt.Errorf("unexpected argument %q; see -help", surplus[0])
	}
	if o.historyDays < 1 {
		return fmt.Errorf("-history-days is %d: it must be 1 or more", o.historyDays)
	}
	if u, err := url.Parse(o.dynamodb); o.dynamodb != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("-dynamodb is %q: it must be the URL of a server, such as http://127.0.0.1:8000, where make dynamodb starts one", o.dynamodb)
	}
	return nil
}

// behave adds the flags that say what is served, to whom and how it is told.
func (o *options) behave(flags *flag.FlagSet) {
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	flags.StringVar(&o.stage, "stage", "dev", "`name` of the stage, the path under which the API is served")
	flags.StringVar(&o.dynamodb, "dynamodb", "", "`URL` of a DynamoDB-compatible server that keeps everything instead of memory (try make dynamodb)")
	flags.BoolVar(&o.verbose, "v", false, "log messages and replies as well")
	flags.BoolVar(&o.quiet, "q", false, "log only what goes wrong")
	flags.BoolVar(&o.json, "json", false, "log JSON instead of readable lines")
	flags.Float64Var(&o.callbackRate, "callback-rate", 8000, "`posts` a second that the API makes at most")
	flags.IntVar(&o.messagesPerMinute, "messages-per-minute", 120, "`number` of messages to others that a user may send; 0 is no limit")
	flags.IntVar(&o.maxPerUser, "connections-per-user", 25, "`number` of connections that a user may have; 0 is no limit")
	flags.IntVar(&o.historyDays, "history-days", 7, "`number` of days for which rooms keep messages, on a server that lasts as long (HISTORY_DAYS)")
	flags.Var(&o.hosts, "hosts", "`list` of names, such as wsecho,devbox.lan, by which the program may be asked for, beside those of loopback")
	flags.BoolVar(&o.remotePosts, "remote-posts", false, "let other machines use POST /push and /@connections, not only connect")
}

// misbehave adds the flags by which the local gateway does on purpose what AWS does now and then.
func (o *options) misbehave(flags *flag.FlagSet) {
	flags.Float64Var(&o.clockSpeed, "clock-speed", 1, "`factor` by which the time-outs of connections pass faster: 60 makes 10 minutes 10 seconds")
	flags.BoolVar(&o.reportLeaks, "report-leaks", false, "log goroutines that a handler leaves behind, which Lambda would freeze")
	flags.Float64Var(&o.postRate, "post-rate", 0, "`posts` a second above which the gateway answers 429; 0 is no limit")
	flags.DurationVar(&o.faults.PostDelay, "slow-posts", 0, "`time` that every post takes")
	flags.BoolVar(&o.faults.GhostPosts, "ghost-posts", false, "answer the first post to a client that vanished with 200")
	flags.Float64Var(&o.faults.DisconnectLost, "lose-disconnect", 0, "`share` of connections, 0 to 1, whose $disconnect never comes")
	flags.Float64Var(&o.faults.DisconnectTwice, "double-disconnect", 0, "`share` of connections whose $disconnect comes twice")
	flags.DurationVar(&o.faults.DisconnectDelay, "late-disconnect", 0, "`time` by which $disconnect comes late")
	flags.DurationVar(&o.faults.MessageDelay, "late-messages", 0, "`time` that messages wait, so that a $disconnect can overtake them")
	flags.Uint64Var(&o.faults.Seed, "seed", 0, "`number` that decides which connections a share hits; 0 picks one")
}
