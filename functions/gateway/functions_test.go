package main_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"wsecho/adapters/gateway/gatewaytest"
)

// goTemplate is a template with one Go function, some of whose lines are given.
func goTemplate(more ...string) string {
	return oneRoute(append([]string{"Runtime: provided.al2023", "Handler: bootstrap", "CodeUri: code"}, more...)...)
}

// goFolder is a folder with a template and the Go function of the tests, built.
func goFolder(t testing.TB, template string) string {
	t.Helper()
	root := folder(t, map[string]string{"template.yaml": template})
	if out, err := exec.Command("go", "build", "-o", filepath.Join(root, "code", "bootstrap"), "./testdata/gofunction").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return root
}

// TestCrashesAndTimeouts: of 1,000 events every 50th ends the process and every 70th takes too long. Each client gets what
// AWS answers to it, and no event is lost or handled twice.
func TestCrashesAndTimeouts(t *testing.T) {
	const clients, each = 20, 50
	record := filepath.Join(t.TempDir(), "record")
	p := start(t, goFolder(t, goTemplate("Timeout: 1", "Environment: {Variables: {RECORD: '"+record+"'}}")), nil, "-q")
	var all sync.WaitGroup
	var sent []string
	for i := range clients {
		messages := make([]string, each)
		for k := range messages {
			messages[k] = deed(i*each + k + 1)
		}
		sent = append(sent, messages...)
		c := gatewaytest.Connect(t, p.urls[0])
		all.Go(func() {
			for _, message := range messages {
				c.Send(message)
				answer, err := c.Read(gatewaytest.Timeout)
				failed := strings.HasPrefix(answer, `{"message": "Internal server error", "connectionId":"`)
				if fails := !strings.HasPrefix(message, "echo"); err != nil || failed != fails || !fails && answer != message {
					t.Errorf("%s: got %s, %v", message, answer, err)
				}
			}
		})
	}
	all.Wait()
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(got)
	slices.Sort(sent)
	if !slices.Equal(got, sent) {
		t.Errorf("%d events of %d were handled, %d of them different", len(got), len(sent), len(slices.Compact(got)))
	}
}

// deed is what the nth event has to do.
func deed(n int) string {
	switch {
	case n%50 == 0:
		return fmt.Sprint("crash ", n)
	case n%70 == 0:
		return fmt.Sprint("hang ", n)
	}
	return fmt.Sprint("echo ", n)
}

// TestEnvironment: what a person says about services and credentials reaches functions, their own variables win, and
// nothing else of the person's environment is there.
func TestEnvironment(t *testing.T) {
	root := goFolder(t, goTemplate("Environment: {Variables: {AWS_ENDPOINT_URL_SQS: own, WORD: own}}"))
	made := []string{"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local"}
	for _, c := range []struct {
		name       string
		env, args  []string
		have, lack []string
	}{
		{name: "none", have: append([]string{"WORD=own"}, made...), lack: []string{"GATEWAY_TEST=1"}},
		{name: "endpoints", env: []string{"AWS_ENDPOINT_URL_DYNAMODB=d", "AWS_ENDPOINT_URL=e", "AWS_ENDPOINT_URL_SQS=s"},
			have: append([]string{"AWS_ENDPOINT_URL_DYNAMODB=d", "AWS_ENDPOINT_URL=e", "AWS_ENDPOINT_URL_SQS=own"}, made...)},
		{name: "keys", env: []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s"}, have: []string{"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s"}, lack: made},
		{name: "profile", env: []string{"AWS_PROFILE=me"}, have: []string{"AWS_PROFILE=me", "AWS_ACCESS_KEY_ID="}, lack: made},
		{name: "flag", args: []string{"-env", "MORE=x", "-env", "WORD=flag"}, have: []string{"MORE=x", "WORD=own"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, root, append(c.env, "GATEWAY_TEST=1"), c.args...)
			client := gatewaytest.Connect(t, p.urls[0])
			client.Send("env")
			got := strings.Split(client.Message(), "\n")
			for _, want := range c.have {
				if !slices.Contains(got, want) {
					t.Errorf("%s is missing in %s", want, strings.Join(got, " "))
				}
			}
			for _, not := range c.lack {
				if slices.Contains(got, not) {
					t.Errorf("%s is there", not)
				}
			}
		})
	}
}

// TestWatch: a changed file restarts its function; a changed template is something to do.
func TestWatch(t *testing.T) {
	need(t, "node")
	root := folder(t, map[string]string{"template.yaml": nodeFunction("Handler: index.handler"), "code/index.js": echo})
	p := start(t, root, nil, "-watch")
	c := gatewaytest.Connect(t, p.urls[0])
	c.Send("one")
	if got := c.Message(); got != "one" {
		t.Errorf("got %s", got)
	}
	write(t, filepath.Join(root, "code/index.js"), strings.Replace(echo, "event.body", "'new ' + event.body", 1))
	until(t, func() bool {
		c.Send("two")
		return c.Message() == "new two"
	})
	write(t, filepath.Join(root, "template.yaml"), nodeFunction("Handler: index.handler", "Timeout: 5"))
	until(t, func() bool {
		return strings.Contains(p.log.String(), "the template has changed: start the gateway again")
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shell is a function in the language of the shell, whose runtime is in it. There may be several processes.
const shell = `while true; do
  curl -sS -D head.$$ -o event.$$ "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next" || exit
  id=$(tr -d '\r' <head.$$ | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -sS -o answer.$$ -d "{\"statusCode\":200,\"body\":\"$WORD from $AWS_LAMBDA_FUNCTION_NAME\"}" \
    "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
`

// TestExec: a command instead of a function, in its folder, whatever its runtime is.
func TestExec(t *testing.T) {
	need(t, "curl")
	root := folder(t, map[string]string{"template.yaml": oneRoute("Runtime: java21", "Handler: a.B", "CodeUri: code"), "code/run.sh": shell})
	p := start(t, root, nil, "-exec", "Echo=WORD=hello; export WORD; . ./run.sh")
	c := gatewaytest.Connect(t, p.urls[0])
	for range 2 {
		c.Send("anything")
		if got := c.Message(); got != "hello from Echo" {
			t.Errorf("got %s", got)
		}
	}
}

// TestArchives: code in a .zip file, and in the template.
func TestArchives(t *testing.T) {
	need(t, "node")
	root := folder(t, map[string]string{"template.yaml": strings.Replace(nodeFunction("Handler: src/index.handler"), "CodeUri: code", "CodeUri: code.zip", 1)})
	file, err := os.Create(filepath.Join(root, "code.zip"))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	entry, err := archive.Create("src/index.js")
	if err == nil {
		_, err = io.WriteString(entry, echo)
	}
	if err != nil || archive.Close() != nil || file.Close() != nil {
		t.Fatal(err)
	}
	inline := folder(t, map[string]string{"template.yaml": oneRoute("Runtime: nodejs22.x", "Handler: index.handler", "InlineCode: '"+strings.TrimSpace(echo)+"'")})
	for _, root := range []string{root, inline} {
		temporary := t.TempDir()
		t.Run(filepath.Base(root), func(t *testing.T) {
			p := start(t, root, []string{"TMPDIR=" + temporary})
			c := gatewaytest.Connect(t, p.urls[0])
			c.Send("hello")
			if got := c.Message(); got != "hello" {
				t.Errorf("got %s", got)
			}
		})
		empty(t, temporary)
	}
}

// empty tells that nothing is left in a folder.
func empty(t *testing.T, folder string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
		t.Errorf("there is %s", strings.Join(left, ", "))
	}
}

// TestArchiveStaysInItsFolder: an entry that leads out of it is refused.
func TestArchiveStaysInItsFolder(t *testing.T) {
	root := folder(t, map[string]string{"template.yaml": strings.Replace(nodeFunction("Handler: index.handler"), "CodeUri: code", "CodeUri: code.zip", 1)})
	file, err := os.Create(filepath.Join(root, "code.zip"))
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	if _, err = archive.Create("../../evil.js"); err != nil || archive.Close() != nil || file.Close() != nil {
		t.Fatal(err)
	}
	p := launch(t, root, nil)
	if err := p.command.Wait(); err == nil || !strings.Contains(p.log.String(), "can't be unpacked") {
		t.Errorf("it ended with %v\n%s", err, p.log.String())
	}
}

const twoAPIs = `Resources:
  One: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: One, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  OneDev: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref One, StageName: dev}}
  OneTest: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref One, StageName: test}}
  Two: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: Two, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  TwoDev: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Two, StageName: dev}}
`

// TestSeveralAPIs: each API has a port, each stage a path.
func TestSeveralAPIs(t *testing.T) {
	p := start(t, folder(t, map[string]string{"template.yaml": twoAPIs}), nil)
	if len(p.urls) != 3 || p.urls[0][:strings.LastIndex(p.urls[0], "/")] != p.urls[1][:strings.LastIndex(p.urls[1], "/")] {
		t.Fatalf("it listens on %v", p.urls)
	}
	for _, url := range p.urls {
		gatewaytest.Connect(t, url)
	}
	gatewaytest.Refused(t, 403, strings.TrimSuffix(p.urls[2], "dev")+"test")
}

// TestFollowingPorts: without port 0 the next API has the next port that is free.
func TestFollowingPorts(t *testing.T) {
	root := folder(t, map[string]string{"template.yaml": twoAPIs})
	p := start(t, root, nil)
	host := strings.TrimPrefix(strings.TrimSuffix(p.urls[0], "/dev"), "ws://")
	_ = p.command.Process.Signal(os.Interrupt)
	p.nothingLeft()
	again := start(t, root, nil, "-addr", host)
	var first, second int
	if _, err := fmt.Sscanf(again.urls[0]+" "+again.urls[2], "ws://127.0.0.1:%d/dev ws://127.0.0.1:%d/dev", &first, &second); err != nil || second <= first || second > first+20 {
		t.Errorf("it listens on %v, %v", again.urls, err)
	}
}

func TestHelp(t *testing.T) {
	p := launch(t, t.TempDir(), nil, "-help")
	if err := p.command.Wait(); err != nil || !strings.Contains(p.log.String(), "npx wscat -c") || !strings.Contains(p.log.String(), "-watch") {
		t.Errorf("it ended with %v\n%s", err, p.log.String())
	}
}
