package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/client"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// program starts the local program, and returns its URL.
func program(t *testing.T, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "local")
	if out, err := exec.Command("go", "build", "-o", binary, "wsecho/functions/local").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := exec.Command(binary, append([]string{"-addr", "127.0.0.1:0", "-q"}, flags...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Signal(os.Interrupt); c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the program says %q, %v", line, err)
	}
	return url
}

func TestCommands(t *testing.T) {
	url := program(t, "-messages-per-minute", "0", "-connections-per-user", "0")
	bob, err := client.Dial(t.Context(), url, client.Options{User: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	for _, test := range []struct{ command, want string }{
		{"say lobby one\u001b[2Jtwo", `^said at 1\n$`},
		{"history lobby", `^\d\d:\d\d:\d\d 1 ada: one\\u001b\[2Jtwo\n$`},
		{"tell bob hello", `^sent to 1 connection\n$`},
		{"broadcast hello", `^sent to 1 connection\n$`},
		{"echo hello", `^hello, to ada on connection \S+ of stage dev\n$`},
		{"ping", `^a round trip takes [\d.]+(µs|ms)\n$`},
		{"who lobby", `^ada \(1\)\n$`},
	} {
		var stdout, stderr gatewaytest.Buffer
		status := run(t.Context(), append([]string{"-url", url, "-user", "ada"}, strings.Fields(test.command)...), "", &stdout, &stderr)
		if status != 0 || !regexp.MustCompile(test.want).MatchString(stdout.String()) {
			t.Errorf("%q ended with %d and said\n%s%s", test.command, status, &stdout, &stderr)
		}
	}
}

// A busy machine says less than it was asked to, so that only the relation of the counts is certain.
func TestBench(t *testing.T) {
	url := program(t, "-messages-per-minute", "0", "-connections-per-user", "0")
	var stdout, stderr gatewaytest.Buffer
	status := run(t.Context(), strings.Fields("-url "+url+" -user ada bench -members 5 -rate 50 -duration 500ms"), "", &stdout, &stderr)
	want := regexp.MustCompile(`(?s)^members +5\nsent +(\d+)\nrefused +0\nreceived +(\d+)\nlost +0\ndoubled +0\ndelivery p50 .*delivery max `)
	found := want.FindStringSubmatch(stdout.String())
	if status != 0 || found == nil {
		t.Fatalf("it ended with %d and said\n%s%s", status, &stdout, &stderr)
	}
	sent, _ := strconv.Atoi(found[1])
	if received, _ := strconv.Atoi(found[2]); sent == 0 || sent > 26 || received != 5*sent {
		t.Errorf("%d sent in half a second at 50 a second, %d received by 5 members", sent, received)
	}
}

func TestTailShowsMessagesUntilInterrupted(t *testing.T) {
	url := program(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var tail, stderr gatewaytest.Buffer
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"-url", url, "-user", "bob", "tail", "lobby"}, "", &tail, &stderr) }()
	shows := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(gatewaytest.Timeout); !strings.Contains(tail.String(), want); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("tail shows %q and says %q, want %q", &tail, &stderr, want)
			}
		}
	}
	ada := func(args ...string) {
		run(t.Context(), append([]string{"-url", url, "-user", "ada"}, args...), "", new(gatewaytest.Buffer), &stderr)
	}
	ada("say", "lobby", "good morning")
	shows(" 1 ada: good morning\n")
	ada("tell", "bob", "just for you")
	shows(" direct from ada: just for you\n")
	ada("broadcast", "tea is ready")
	shows(" broadcast from ada: tea is ready\n")
	interrupt()
	if status := <-ended; status != 0 {
		t.Errorf("interrupted, it ends with %d: %s", status, &stderr)
	}
}

func TestWhatIsWrong(t *testing.T) {
	tests := []struct {
		args   string
		status int
		want   string
	}{
		{"", 2, "which command?"},
		{"shout", 2, `no command "shout"`},
		{"say lobby", 2, "say takes 2 arguments (ROOM TEXT) and got 1"},
		{"-members 0 bench", 2, "must be more than 0"},
		{"-nope ping", 2, "-nope"},
		{"-url http://127.0.0.1 ping", 1, "is not the URL of a stage"},
		{"-url ws://127.0.0.1:1/dev ping", 1, "is the service running?"},
		{"--help", 0, "go run ./functions/client say lobby 'good morning'"},
	}
	for _, test := range tests {
		var stdout, stderr gatewaytest.Buffer
		status := run(t.Context(), strings.Fields(test.args), "sesame", &stdout, &stderr)
		if status != test.status || !strings.Contains(stderr.String(), test.want) {
			t.Errorf("%q ended with %d and said %q, want %d and %q", test.args, status, &stderr, test.status, test.want)
		}
		if strings.Contains(stderr.String(), "sesame") {
			t.Errorf("%q tells the token", test.args)
		}
	}
}
