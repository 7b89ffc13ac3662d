package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

func TestMain(m *testing.M) {
	os.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	os.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	os.Setenv("AWS_SESSION_TOKEN", "")
	leaktest.Main(m)
}

// probe runs the probe's function in Node, which is what is deployed on AWS, and hands it events.
type probe struct {
	mu      sync.Mutex // Guards the following and writing.
	in      io.Writer
	waiting map[int]chan returned
	last    int
}

type returned struct {
	ID     int
	Result json.RawMessage
	Error  *string
}

// Invoke implements gateway.Handler.
func (p *probe) Invoke(_ context.Context, event []byte) ([]byte, error) {
	got := make(chan returned, 1)
	p.mu.Lock()
	p.last++
	p.waiting[p.last] = got
	_, err := fmt.Fprintf(p.in, "{\"id\":%d,\"event\":%s}\n", p.last, event)
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	a := <-got
	if a.Error != nil {
		return nil, errors.New(*a.Error)
	}
	return a.Result, nil
}

// listen hands answers to who waits for them, and an error to all when nothing more comes.
func (p *probe) listen(out io.Reader) {
	decoder := json.NewDecoder(bufio.NewReader(out))
	for {
		var a returned
		err := decoder.Decode(&a)
		p.mu.Lock()
		if err != nil {
			ended := "the probe has ended"
			for _, waiting := range p.waiting {
				waiting <- returned{Error: &ended}
			}
			p.mu.Unlock()
			return
		}
		p.waiting[a.ID] <- a
		delete(p.waiting, a.ID)
		p.mu.Unlock()
	}
}

// startProbe starts the function with the address of the management API.
func startProbe(t *testing.T, callback string) *probe {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("NOT TESTED: there is no node")
		}
		t.Skip("NOT TESTED: there is no node")
	}
	cmd := exec.Command(node, "testdata/bridge.mjs", "probe/index.mjs")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "CALLBACK=" + callback, "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
	}
	var stderr gatewaytest.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, done := &probe{in: in, waiting: map[int]chan returned{}}, make(chan struct{})
	go func() { defer close(done); p.listen(out) }()
	t.Cleanup(func() {
		in.Close()
		<-done
		cmd.Wait()
		if stderr.String() != "" {
			t.Logf("the probe said:\n%s", stderr.String())
		}
	})
	return p
}

// serveProbe serves the APIs of probe/template.yaml and returns the arguments that lead the suite to them.
func serveProbe(t *testing.T, change func(*gateway.Config)) []string {
	t.Helper()
	// An API's id is its port: with zeros before it, which URLs may have.
	p := startProbe(t, "http://127.0.0.1:{api}/{stage}")
	var args []string
	for flag, cfg := range configs(p) {
		if change != nil {
			change(&cfg)
		}
		args = append(args, "-"+flag, serve(t, cfg))
	}
	return args
}

func serve(t *testing.T, cfg gateway.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Stage, cfg.APIID = "test", fmt.Sprintf("%010d", l.Addr().(*net.TCPAddr).Port)
	cfg.Signatures = &gateway.Signatures{Keys: map[string]string{"AKIDEXAMPLE": "secret"}}
	g, err := gateway.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server, done := g.Server(), make(chan struct{})
	go func() { defer close(done); server.Serve(gateway.Listener(l)) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		g.Shutdown(ctx)
		server.Close()
		<-done
	})
	return "ws://" + l.Addr().String() + "/test"
}

// configs are the APIs of the template, by their flags.
func configs(p *probe) map[string]gateway.Config {
	one, two := gateway.Route{Handler: p}, gateway.Route{Handler: p, Reply: true}
	slowConnect, slow, model := one, two, one
	slowConnect.Timeout, slow.Timeout, model.Validate = 5*time.Second, time.Second, numeric
	return map[string]gateway.Config{
		"url": {Routes: map[string]gateway.Route{
			"$connect": slowConnect, "$disconnect": one, "$default": two, "reply": two, "silent": one, "half": one, "slow": slow,
			"model": model, "join": two, "5": two, "true": two, "[item1, item2]": two,
		}},
		"guarded": {
			Routes: map[string]gateway.Route{"$connect": one, "$disconnect": one, "$default": two},
			Authorizer: &gateway.Authorizer{
				Handler: p, IdentitySources: []string{"route.request.querystring.token", "route.request.header.Auth"},
			},
		},
		"bare": {Routes: map[string]gateway.Route{"join": two}},
		"paths": {
			RouteSelectionExpression: "${request.body.a.b}-${request.body.z}",
			Routes:                   map[string]gateway.Route{"join-": two, "join-x": two, "$default": two},
		},
		"all": {RouteSelectionExpression: `\$default`, Routes: map[string]gateway.Route{"join": two, "$default": two}},
		"constant": {
			RouteSelectionExpression: "echo", Routes: map[string]gateway.Route{"echo": two, "$default": two},
			Limits: gateway.Limits{MessagesPerSecond: 1, MessageBurst: 5},
		},
	}
}

// numeric is the model of the template: the member n is a number.
func numeric(body []byte) error {
	var message struct{ N *float64 }
	if err := json.Unmarshal(body, &message); err != nil || message.N == nil {
		return errors.New("n is no number")
	}
	return nil
}

// results runs the suite and returns its report.
func results(t *testing.T, status int, args ...string) report {
	t.Helper()
	var stdout, stderr strings.Builder
	got := run(append([]string{"-json", "-name", "the local gateway", "-quiet", "200ms"}, args...), &stdout, &stderr)
	if got != status {
		t.Errorf("exit status %d, want %d", got, status)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout.String()), &r); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	t.Log(stderr.String())
	return r
}

// untellable are the statements that can't be told from outside within a minute.
var untellable = []string{"M14", "M15", "M16", "P12", "T01", "T02", "T03", "T04", "U02", "U18"}

// Whatever can be told of our gateway holds, and what nobody has recorded is as it assumes.
func TestLocalGateway(t *testing.T) {
	t.Parallel()
	golden := filepath.Join(t.TempDir(), "golden")
	r := results(t, allHold, append(serveProbe(t, nil), "-record", golden)...)
	if file := os.Getenv("CONFORMANCE_REPORT"); file != "" { // make conformance wants it.
		if err := os.WriteFile(file, []byte(encode(r)), 0o644); err != nil {
			t.Error(err)
		}
	}
	for _, one := range r.Results {
		want := holds
		if slices.Contains(untellable, one.ID) {
			want = cannotTell
		}
		if one.Outcome != want {
			t.Errorf("%s %s: %s, want %s", one.ID, one.Outcome, one.Saw, want)
		}
	}
	for _, name := range []string{"connect", "message", "disconnect-1005", "disconnect-1000-authorized", "request"} {
		if _, err := os.Stat(filepath.Join(golden, name+".json")); err != nil {
			t.Error(err)
		}
	}
}

// A server that differs is found out.
func TestDifferences(t *testing.T) {
	t.Parallel()
	args := serveProbe(t, func(cfg *gateway.Config) {
		for key, route := range cfg.Routes {
			route.Reply = true
			cfg.Routes[key] = route
		}
		cfg.Limits.FrameBytes, cfg.Limits.NoCompression = -1, true
		cfg.Assumptions = gateway.Assumptions{SerialMessages: true, BadUTF8Code: 1003, UnknownIDStatus: 403, DeleteClose: gateway.Close{Code: 1001}}
	})
	r := results(t, someDiffer, append(args, "-wait", "3s")...)
	for id, want := range map[string]outcome{
		"C10": differs, "M01": differs, "M04": differs, "M09": differs, "P03": differs, "P04": differs, "P09": differs,
		"U01": differs, "U04": differs, "U10": differs, "U19": cannotTell, "C01": holds, "M02": holds,
	} {
		if v := r.of(id); v.Outcome != want {
			t.Errorf("%s %s: %s, want %s", id, v.Outcome, v.Saw, want)
		}
	}
}

// Without the other APIs what needs them can't be told.
func TestOneAPI(t *testing.T) {
	t.Parallel()
	args := serveProbe(t, nil)
	i := slices.Index(args, "-url")
	r := results(t, allHold, args[i], args[i+1], "-skip", "C06,M08")
	if v := r.of("M08"); v.Outcome != cannotTell || v.Saw != "it was not asked" {
		t.Errorf("M08 %s: %s", v.Outcome, v.Saw)
	}
	for id, flag := range map[string]string{"A02": "guarded", "R03": "bare", "R07": "paths", "R08": "constant"} {
		if v := r.of(id); v.Outcome != cannotTell || v.Saw != "no -"+flag+" was given" {
			t.Errorf("%s %s: %s", id, v.Outcome, v.Saw)
		}
	}
}

// The table says what the gateway's documentation says.
func TestStatementsAreTheDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../adapters/gateway/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	form := regexp.MustCompile(`(?m)^//\t(?:([CAERMPT]\d\d)  (?:holds|choice) +(high|good|mixed)|(U\d\d)  (\S+)) +(.*)$`)
	for _, m := range form.FindAllStringSubmatch(string(doc), -1) {
		want = append(want, strings.Join(slices.DeleteFunc(m[1:], func(s string) bool { return s == "" }), " "))
	}
	for _, st := range statements {
		got = append(got, st.id+" "+st.sure+" "+st.text)
	}
	if len(want) != 99 || !slices.Equal(got, want) {
		t.Errorf("%d statements, %d documented:\n%s", len(got), len(want), difference(got, want))
	}
}

// A table has a row for every statement and a column for every report, and lists what differs.
func TestMarkdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.json")
	one := report{Name: "a|b", Results: []result{{"C01", when(false, "<500>\nno")}, {"U01", when(true, "both")}, {"U02", when(false, "")}}}
	if err := os.WriteFile(file, []byte(encode(one)), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	if status := run([]string{"-markdown", file, file}, &stdout, &stderr); status != allHold {
		t.Fatal(status, stderr.String())
	}
	for _, want := range []string{
		`| a\|b | a\|b |`, "| C01 | any 2xx of $connect opens | differs | differs |", "| as assumed | as assumed |",
		"| otherwise | otherwise |", "- C01, any 2xx of $connect opens. Seen: &lt;500> no", "0 hold, 1 differ",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("there is no %q in\n%s", want, stdout.String())
		}
	}
}

func TestWrongArguments(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for want, args := range map[string][]string{
		"say where the probe is":        {},
		"a URL begins with ws":          {"-url", "https://example.com"},
		"name their files":              {"-markdown"},
		"no such file":                  {"-outputs", "nowhere.json"},
		"is no list":                    {"-outputs", "main.go"},
		"unexpected \"more\"":           {"-url", "ws://127.0.0.1:1/x", "more"},
		"connection refused":            {"-url", "ws://" + closed.Addr().String() + "/test"},
		"flag provided but not defined": {"-nonsense"},
	} {
		var stdout, stderr strings.Builder
		if status := run(args, &stdout, &stderr); status != notRun || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: %d %s, want %q", args, status, stderr.String(), want)
		}
	}
}
