package main

import (
	"context"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// TestRun starts the program as a person does, connects, and ends it as Ctrl-C does.
func TestRun(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr gatewaytest.Buffer
	ended := make(chan error)
	go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-stage", "try"}, &stdout, &stderr) }()

	var url string
	listening := regexp.MustCompile(`^listening on (ws://127\.0\.0\.1:\d+/try)\n\n`)
	wait(t, func() bool {
		match := listening.FindStringSubmatch(stdout.String())
		if match == nil {
			return false
		}
		url = match[1]
		return true
	})
	for _, want := range []string{"http://127.0.0.1:", "npx wscat -c '" + url + "?user=ada'"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the start does not say %s:\n%s", want, &stdout)
		}
	}
	c := dial(t, url)
	c.echoes()
	c.ask("ack", `{"action":"join","room":"lobby"}`)
	dial(t, url).ask("ack", `{"action":"broadcast","data":1}`)
	c.receive("broadcast")
	interrupt()
	if code, _ := c.Closed(); code != 1001 {
		t.Errorf("at the end the client was closed with %d, want 1001", code)
	}
	if err := <-ended; err != nil {
		t.Errorf("run = %v", err)
	}
	summary := regexp.MustCompile(`\nended posts=[1-9]\d* throttled=0 unanswered=0 longest-queue=[1-9]\d* longest-relay-queue=0\n$`)
	if !summary.MatchString(stdout.String()) {
		t.Errorf("the end does not say what was posted:\n%s", &stdout)
	}
	for _, event := range []string{"CONNECT", "MESSAGE", "DISCONNECT"} {
		if !strings.Contains(stderr.String(), event) {
			t.Errorf("the log has no %s:\n%s", event, &stderr)
		}
	}
}

// wait polls for a condition that other goroutines bring about.
func wait(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(gatewaytest.Timeout); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := map[string][]string{
		"choose another address with -addr": {"-addr", taken.Addr().String()},
		"see -help":                         {"surplus"},
		"stage":                             {"-addr", "127.0.0.1:0", "-stage", "a/b"},
		"such as http://127.0.0.1:8000":     {"-dynamodb", "localhost:8000"},
		"-history-days is 0":                {"-history-days", "0"},
	}
	for want, args := range tests {
		var out gatewaytest.Buffer
		err := run(t.Context(), args, &out, &out)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run(%q) = %v, want something with %q", args, err, want)
		}
	}
}

// TestHints: what to type works where it is typed.
func TestHints(t *testing.T) {
	for _, test := range []struct {
		flags         []string
		address, want string
	}{
		{nil, "ws://[::]:8080/dev", "http://localhost:8080/"},
		{nil, "ws://0.0.0.0:8080/dev", "'ws://localhost:8080/dev?user=ada'"},
		{nil, "ws://192.0.2.1:8080/dev", "http://192.0.2.1:8080/"},
		{[]string{"-auth", "jwt"}, "ws://127.0.0.1:8080/dev", "Authorization: Bearer"},
	} {
		o, err := parse(test.flags, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		if got := o.hints(test.address); !strings.Contains(got, test.want) {
			t.Errorf("at %s the hints are %s, want %s", test.address, got, test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var out gatewaytest.Buffer
	if err := run(t.Context(), []string{"-help"}, &out, &out); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"-addr", "-stage", "wscat", "curl -H", "-origins", "-hosts", "-remote-posts", "now and then:\n  -clock-speed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help lacks %s:\n%s", want, &out)
		}
	}
}

// TestReaping lets a client vanish without $disconnect, and broadcasts.
func TestReaping(t *testing.T) {
	for _, test := range []struct {
		name  string
		age   time.Duration
		stays bool
	}{
		{"never within the first 30 seconds", 10 * time.Second, true},
		{"by the next broadcast's 410", 31 * time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t)
			ghost := domaintest.NewConnection("bob")
			ghost.ConnectedAt = time.Now().Add(-test.age)
			if err := s.parts.Registry.Connect(t.Context(), ghost); err != nil {
				t.Fatal(err)
			}
			c := dial(t, s.url)
			c.Send(`{"action":"broadcast","data":1}`)
			if ack := c.receive("ack"); ack["gone"] != 1.0 || ack["sent"] != 0.0 {
				t.Errorf("ack = %v", ack)
			}
			_, err := s.parts.Registry.Get(t.Context(), ghost.ID)
			page, _ := s.parts.Registry.Members(t.Context(), domain.UserAudience("bob"), domain.Ring, 10)
			if stays := err == nil; stays != test.stays || (len(page.Members) == 1) != test.stays {
				t.Errorf("after the broadcast: Get = %v, bob has %d connections", err, len(page.Members))
			}
		})
	}
}

// TestDynamoDB runs the API over a table, and looks at what its connections leave there.
func TestDynamoDB(t *testing.T) {
	s := startServer(t, "-dynamodb", dynamodblocal.Start(t))
	t.Run("a broadcast", func(t *testing.T) { broadcastReachesOthers(t, s.url) })
	t.Run("rooms", func(t *testing.T) { chatInRooms(t, s.url) })
	wait(t, func() bool {
		page, err := s.parts.Registry.Members(t.Context(), domain.Everyone, domain.Ring, 100)
		return err == nil && len(page.Members) == 0
	})
}
