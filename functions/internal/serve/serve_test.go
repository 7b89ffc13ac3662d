package serve_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wsecho/adapters/cloudformation"
	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
	"wsecho/functions/internal/serve"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const worker = `Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: nodejs22.x, Handler: index.handler, InlineCode: 'exports.handler = async (event) => [process.env.WORD, event];'}}
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: dev, RouteSettings: {say: {ThrottlingRateLimit: 5}, $connect: {ThrottlingRateLimit: 5}}}
  Work:
    Type: AWS::Serverless::Function
    Properties: {Events: {Jobs: {Type: SQS, Properties: {Queue: "arn:aws:sqs:us-east-1:000000000000:jobs"}}}}
  Other:
    Type: AWS::Serverless::Function
    Properties: {Events: {Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}}
`

// TestInvokes: whoever serves an event source by itself names its functions, and invokes them.
func TestInvokes(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("NOT TESTED: ", err)
	}
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(worker), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := serve.Start(t.Context(), serve.Options{
		Template: path, Addr: "127.0.0.1:0", Invokes: []string{"Work"}, Env: []string{"WORD=hello"},
		Reading: cloudformation.Options{Values: map[string]string{"Unused": "x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if got, err := s.Invoke(t.Context(), "Work", []byte(`{"n":1}`)); err != nil || string(got) != `["hello",{"n":1}]` {
		t.Errorf("answered %s, %v", got, err)
	}
	if _, err := s.Invoke(t.Context(), "Other", nil); err == nil {
		t.Error("a function that nobody named was invoked")
	}
	var warnings []string
	for _, w := range s.Warnings {
		warnings = append(warnings, strings.TrimPrefix(w.Error(), path))
	}
	want := []string{":15: Other: its events of Nightly (Schedule) are not served; invoke it by something else",
		":7: Api: the limit of the route say is not applied: only those of $connect and of the whole stage are; test it on AWS"}
	if strings.Join(warnings, "\n") != strings.Join(want, "\n") {
		t.Errorf("warned of\n%s", strings.Join(warnings, "\n"))
	}
	gatewaytest.Refused(t, 403, strings.TrimSuffix(s.APIs[0].URL("dev"), "dev")+"other")
}

func TestURL(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:1": "ws://127.0.0.1:1/dev", "[::]:2": "ws://localhost:2/dev", "0.0.0.0:3": "ws://localhost:3/dev", "[::1]:4": "ws://[::1]:4/dev",
	} {
		if got := (&serve.API{Addr: address}).URL("dev"); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
