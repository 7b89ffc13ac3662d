package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// stack is wsEcho on its way through sam.
type stack struct {
	root  string // of the module
	tools string // folder with the installed tools
	work  string // folder for what this run makes

	// environment is the one of samconfig.toml that is deployed.
	environment string

	cloud *emulator // once there is one
}

// build builds the functions for this machine, away from where `sam build` puts those for AWS.
func (s stack) build(ctx context.Context, log io.Writer) error {
	return complete(s.sam(ctx, log, "build", "--build-dir", s.buildDir(), "--parameter-overrides", "Arch="+arch(), "AuthMode=open"))
}

// deploy creates or changes the stack, with the environment's parameters, what an emulator needs, and others that go
// before both.
func (s stack) deploy(ctx context.Context, log io.Writer, others ...string) error {
	parameters, err := parametersOf(s.root, s.environment)
	if err != nil {
		return err
	}
	// The last one of a name counts.
	parameters = append(parameters, "Arch="+arch(), "CallbackBase="+s.cloud.url+"/_aws/execute-api")
	arguments := []string{
		"deploy", "--template-file", filepath.Join(s.buildDir(), "template.yaml"),
		"--no-progressbar", "--no-confirm-changeset", "--parameter-overrides",
	}
	return complete(s.sam(ctx, log, append(arguments, append(parameters, others...)...)...))
}

// testAPI runs the API's own tests against the deployed stage.
func (s stack) testAPI(ctx context.Context, log io.Writer) error {
	url, err := s.url(ctx, log)
	if err != nil {
		return err
	}
	c := command(ctx, log, "go", "test", "-race", "-count=1", "-v", "-run", "^TestAPI$", "./functions/local")
	c.Dir = s.root
	// The second one leaves out what an emulator is known to do in its own way.
	c.Env = environment("WSECHO_URL="+url, "WSECHO_EMULATED=1")
	return complete(c)
}

// delete deletes the stack.
func (s stack) delete(ctx context.Context, log io.Writer) error {
	return complete(s.sam(ctx, log, "delete", "--no-prompts"))
}

// url returns the URL of the deployed stage.
//
// It is not the output WebSocketUrl, which names a host of AWS; the emulator has sockets and callbacks at one place.
func (s stack) url(ctx context.Context, log io.Writer) (string, error) {
	callback, err := s.output(ctx, log, "CallbackUrl")
	return strings.Replace(callback, "http", "ws", 1), err
}

// push puts a message for an audience on the stack's queue, as another service would.
func (s stack) push(ctx context.Context, log io.Writer, audience, message string) error {
	queue, err := s.output(ctx, log, "QueueUrl")
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"v":1,"audience":%q,"message":%s}`, audience, message)
	form := url.Values{"Action": {"SendMessage"}, "MessageBody": {body}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, queue, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return accepted(request)
}

// abandon makes of a room one whose relay died before it pushed anything, a long time ago.
func (s stack) abandon(ctx context.Context, log io.Writer, room string) error {
	table, err := s.output(ctx, log, "TableName")
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"TableName":%q,"Key":{"pk":{"S":"head#%s"},"sk":{"S":"head"}},`+
		`"UpdateExpression":"SET #relayed = :zero, #at = :zero","ConditionExpression":"attribute_exists(seq)",`+
		`"ExpressionAttributeNames":{"#relayed":"relayed","#at":"at"},"ExpressionAttributeValues":{":zero":{"N":"0"}}}`, table, room)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cloud.url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.UpdateItem")
	return accepted(request)
}

// accepted sends a request to the emulator, which has to take it.
func accepted(request *http.Request) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", request.URL, response.Status)
	}
	return nil
}

// output returns one of the stack's outputs.
func (s stack) output(ctx context.Context, log io.Writer, name string) (string, error) {
	var reply bytes.Buffer
	c := s.sam(ctx, log, "list", "stack-outputs", "--output", "json")
	c.Stdout = io.MultiWriter(log, &reply)
	if err := complete(c); err != nil {
		return "", err
	}
	var outputs []struct{ OutputKey, OutputValue string }
	if err := json.Unmarshal(reply.Bytes(), &outputs); err != nil {
		return "", err
	}
	for _, output := range outputs {
		if output.OutputKey == name {
			return output.OutputValue, nil
		}
	}
	return "", fmt.Errorf("the stack has no output %s", name)
}

// sam prepares a call of sam, with the emulator as its AWS if there is one.
func (s stack) sam(ctx context.Context, log io.Writer, args ...string) *exec.Cmd {
	// Ahead of what takes all words that follow.
	i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "--") })
	args = slices.Insert(args, i, "--config-file", filepath.Join(s.root, "samconfig.toml"), "--config-env", s.environment)
	c := command(ctx, log, filepath.Join(s.tools, "sam", "bin", "sam"), args...)
	c.Dir = s.root
	c.Env = environment("SAM_CLI_TELEMETRY=0")
	if s.cloud != nil {
		c.Env = append(c.Env, s.cloud.settings()...)
	}
	return c
}

func (s stack) buildDir() string { return filepath.Join(s.work, "build") }

// arch is this machine's processor in the words of AWS.
func arch() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}
