package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/sqs/elasticmq"
)

const root = "../../.."

// built is a folder for binaries, the same for all tests.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "deployed-test-"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(built)
		return m.Run()
	}())
}

// template is the module's, changed at one place, with samconfig.toml beside it.
func template(t *testing.T, before, after string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"template.yaml", "samconfig.toml"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		changed := string(text)
		if name == "template.yaml" && before != "" {
			if strings.Count(changed, before) != 1 {
				t.Fatalf("the template has %q %d times", before, strings.Count(changed, before))
			}
			changed = strings.Replace(changed, before, after, 1)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "template.yaml")
}

// deploy starts a template. What is logged is in log.
func deploy(t *testing.T, template string, log io.Writer) (*stack, error) {
	t.Helper()
	o, err := parse([]string{"-template", template, "-build", built, "-addr", "127.0.0.1:0",
		"-dynamodb", dynamodblocal.Start(t), "-sqs", elasticmq.Start(t)}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), o, t.Output(), log)
	if err == nil {
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), gatewaytest.Timeout)
			defer cancel()
			if err := s.close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	return s, err
}

// TestServices: what other services put on the queue reaches clients, by the function behind it.
func TestServices(t *testing.T) {
	s, err := deploy(t, template(t, "", ""), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	c := gatewaytest.Connect(t, s.url()+"?user=ada")
	_, err = sqsClient(s.options.sqs).SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(s.queues["DeliveryQueue"]), MessageBody: aws.String(`{"v":1,"audience":"user:ada","message":"tea"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Message(); !strings.Contains(got, `"push"`) || !strings.Contains(got, `"tea"`) {
		t.Errorf("got %s", got)
	}
}

// TestRoutes: what leads elsewhere in the template leads elsewhere here.
func TestRoutes(t *testing.T) {
	const ping = "ping: {FunctionArn: !Ref WsChat.Alias, RouteResponseSelectionExpression: $default}"
	for name, test := range map[string]struct{ before, after, answer string }{
		"as it is":           {"", "", `"pong"`},
		"another function":   {ping, strings.Replace(ping, "WsChat", "WsEcho", 1), "Internal server error"},
		"no route":           {ping, "pong" + strings.TrimPrefix(ping, "ping"), `"unknown_action"`},
		"without a response": {"Leave, Ping, Say", "Leave, Say", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := template(t, test.before, test.after)
			if name == "no route" { // It is named in Replies too.
				renamed, err := os.ReadFile(path)
				if err == nil {
					err = os.WriteFile(path, bytes.Replace(renamed, []byte("Leave, Ping, Say"), []byte("Leave, Pong, Say"), 1), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			s, err := deploy(t, path, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			c := gatewaytest.Connect(t, s.url())
			c.Send(`{"action":"ping","id":"1"}`)
			c.Send(`{"action":"echo","id":"2"}`)
			answers := c.Message()
			if test.answer != "" {
				answers += c.Message()
			}
			if !strings.Contains(answers, test.answer) || strings.Contains(answers, `"pong"`) != (name == "as it is") {
				t.Errorf("got %s, want %s", answers, test.answer)
			}
		})
	}
}

// TestBrokenTemplates: what keeps a function from starting is said with its name, its line and its reason.
func TestBrokenTemplates(t *testing.T) {
	for name, test := range map[string]struct{ before, after, function, reason string }{
		"a missing variable": {"        TABLE_NAME: !Ref Table\n", "", "WsConnect", "the environment variable TABLE_NAME is missing"},
		"a wrong value":      {"AUTH_MODE: !Ref AuthMode", "AUTH_MODE: sometimes", "WsAuthorize", `sometimes`},
		"a worker's variable": {"          RELAY_QUEUE_URL: !Ref RelayQueue\n          DLQ_URL: !Ref DeadLetterQueue\n", "          RELAY_QUEUE_URL: !Ref RelayQueue\n",
			"WsRelay", "the environment variable DLQ_URL is missing"},
		"a queue that is not there": {"EventSourceArn: !GetAtt RetryQueue.Arn", `EventSourceArn: "arn:aws:sqs:us-east-1:000000000000:Retries"`,
			"WsDeliverRetrySource", `no queue "arn:aws:sqs:us-east-1:000000000000:Retries"`},
	} {
		t.Run(name, func(t *testing.T) {
			var log gatewaytest.Buffer
			_, err := deploy(t, template(t, test.before, test.after), &log)
			if err == nil {
				t.Fatal("it starts")
			}
			said := err.Error() + "\n" + log.String()
			if !strings.Contains(err.Error(), "template.yaml:") || !strings.Contains(err.Error(), ": "+test.function+": ") || !strings.Contains(said, test.reason) {
				t.Errorf("it says %s", said)
			}
		})
	}
}

// TestNothingIsLeft: whatever way the program ends, all that it has started ends too.
func TestNothingIsLeft(t *testing.T) {
	dynamodblocal.Start(t) // Or the test is skipped.
	elasticmq.Start(t)
	binary := filepath.Join(t.TempDir(), "deployed")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, test := range map[string]struct {
		command string
		code    int
	}{
		"the command ends":  {`test -n "$WSECHO_URL"`, 0},
		"the command fails": {"exit 3", 1},
		"Ctrl-C":            {"kill -INT $PPID; sleep 60", 0},
		"SIGKILL":           {"kill -KILL $PPID", -1},
	} {
		t.Run(name, func(t *testing.T) {
			life, end, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer life.Close()
			var out bytes.Buffer
			c := exec.Command(binary, "-template", template(t, "", ""), "-build", built, "-tools", filepath.Join(root, ".tools"),
				"-addr", "127.0.0.1:0", "sh", "-c", test.command)
			c.Stdout, c.Stderr, c.ExtraFiles = &out, &out, []*os.File{end}
			_ = c.Run()
			_ = end.Close()
			if code := c.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit status %d, want %d\n%s", code, test.code, out.String())
			}
			_ = life.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.ReadAll(life); err != nil {
				t.Error(fmt.Errorf("something is left running: %w\n%s", err, out.String()))
			}
		})
	}
}
