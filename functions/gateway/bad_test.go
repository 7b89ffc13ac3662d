package main_test

import (
	"debug/elf"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"wsecho/adapters/gateway/gatewaytest"
)

// oneRoute is a template with one function, some of whose lines are given.
func oneRoute(function ...string) string {
	return `Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: dev
      Routes:
        $default: {FunctionArn: !GetAtt Echo.Arn, RouteResponseSelectionExpression: $default}
  Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref ApiDefaultRoute, RouteResponseKey: $default}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      ` + strings.Join(function, "\n      ") + "\n"
}

// nodeFunction are the lines of a function in Node.
func nodeFunction(more ...string) string {
	return oneRoute(append([]string{"Runtime: nodejs22.x", "CodeUri: code"}, more...)...)
}

// elsewhere is a program for another processor than this machine's.
func elsewhere() string {
	machine := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		machine = elf.EM_X86_64
	}
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{byte(machine), 0}) + strings.Repeat("\x00", 44)
}

const echo = "exports.handler = async (event) => ({ statusCode: 200, body: event.body });\n"

// TestBadInput: what is wrong is one line that says where and what to do, the status is 1, and nothing is left running.
func TestBadInput(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	code := map[string]string{"code/index.js": echo}
	good := nodeFunction("Handler: index.handler")
	node := []string{"node"}
	for _, c := range []struct {
		name, template string
		files          map[string]string
		args, env      []string
		want           string // An expression for the last line.
		needs          []string
		output         bool // What the function has printed comes before the line.
	}{
		{name: "no file", want: `^template\.yaml: no such file or directory; `},
		{name: "no YAML", template: "Resources:\n  Api: [}\n", want: `^template\.yaml:1: is neither YAML nor JSON: `},
		{name: "no template", template: "a: 1\n", want: `^template\.yaml: has no Resources; `},
		{name: "no API", template: "Resources:\n  T: {Type: AWS::SNS::Topic}\n", want: `^template\.yaml: there is no WebSocket API; `},
		{name: "unknown intrinsic", template: nodeFunction("Handler: !Nothing index.handler"), files: code, want: `^template\.yaml:18: Echo: .*Nothing`},
		{name: "cycle", template: nodeFunction("Handler: index.handler", "Environment: {Variables: {ME: !Ref Echo}}"), files: code, want: `^template\.yaml:\d+: .*Echo.*; `},
		{name: "no CodeUri", template: oneRoute("Runtime: nodejs22.x", "Handler: index.handler"), want: `^template\.yaml:13: Echo: the function has no code; `},
		{name: "no folder", template: good, want: `^template\.yaml:17: Echo: the code is not there: code: no such file or directory; `},
		{name: "no parameter", template: "Parameters: {Name: {Type: String}}\n" + good, files: code, want: `^template\.yaml:1: .*Name`},
		{name: "not installed", template: good, files: code, env: []string{"PATH=/nowhere"}, want: `^template\.yaml:13: Echo: runtime nodejs22\.x is not installed \(no node in PATH\): install Node$`},
		{name: "not supported", template: oneRoute("Runtime: java21", "Handler: a.B", "CodeUri: code"), files: code, want: `^template\.yaml:13: Echo: runtime java21 .*-exec Echo='command'`},
		{name: "no handler", template: nodeFunction("Handler: index.nothing"), files: code, needs: node, output: true, want: `^template\.yaml:13: Echo: it does not start: .*index\.nothing`},
		{name: "no module", template: nodeFunction("Handler: app.handler"), files: code, needs: node, output: true, want: `^template\.yaml:13: Echo: it does not start: .*app`},
		{name: "no module in Python", template: oneRoute("Runtime: python3.13", "CodeUri: code", "Handler: app.handler"), files: code, needs: []string{"python3"}, output: true, want: `^template\.yaml:13: Echo: it does not start: .*app`},
		{name: "no syntax", template: nodeFunction("Handler: index.handler"), files: map[string]string{"code/index.js": "exports.handler = {\n"}, needs: node, output: true, want: `^template\.yaml:13: Echo: it does not start: Runtime\.UserCodeSyntaxError: `},
		{name: "ends", template: nodeFunction("Handler: index.handler"), files: map[string]string{"code/index.js": "process.exit(3)\n"}, args: []string{"-strict"}, needs: node, output: true, want: `^template\.yaml:13: Echo: it does not start: .*exit status 3`},
		{name: "no binary", template: oneRoute("Runtime: provided.al2023", "Handler: bootstrap", "CodeUri: code"), files: code, want: `^template\.yaml:13: Echo: there is no file bootstrap in .*go build`},
		{name: "another processor", template: oneRoute("Runtime: provided.al2023", "Handler: bootstrap", "CodeUri: code"), files: map[string]string{"code/bootstrap": elsewhere()}, want: `^template\.yaml:13: Echo: .* is built for linux/\w+ and this machine is `},
		{name: "no archive", template: oneRoute("Runtime: nodejs22.x", "Handler: index.handler", "CodeUri: code.zip"), files: map[string]string{"code.zip": "PK"}, want: `^template\.yaml:13: Echo: .*code\.zip can't be unpacked: `},
		{name: "port in use", template: good, files: code, args: []string{"-addr", taken.Addr().String()}, want: `: bind: address already in use; choose another address with -addr$`},
		{name: "unknown function", template: good, files: code, args: []string{"-exec", "Nobody=true"}, want: `^-exec Nobody: the template has no function of that name$`},
		{name: "unknown flag", template: good, args: []string{"-port", "1"}, want: `^flag provided but not defined: -port; see -help$`},
		{name: "no value", template: good, args: []string{"-p", "Name"}, want: `^invalid value "Name" for flag -p: it must be Name=Value; see -help$`},
		{name: "surplus", template: good, args: []string{"template.yaml"}, want: `^unexpected argument "template\.yaml"; see -help$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range c.needs {
				need(t, name)
			}
			files := map[string]string{}
			for name, text := range c.files {
				files[name] = text
			}
			if c.template != "" {
				files["template.yaml"] = c.template
			}
			p := launch(t, folder(t, files), c.env, c.args...)
			var exit *exec.ExitError
			if err := p.command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("it ended with %v", err)
			}
			lines := strings.Split(strings.TrimSpace(p.log.String()), "\n")
			if last := lines[len(lines)-1]; !regexp.MustCompile(c.want).MatchString(last) || len(lines) > 1 && !c.output || p.out.String() != "" {
				t.Errorf("it said\n%s%s\nwant %s", p.out.String(), p.log.String(), c.want)
			}
			p.nothingLeft()
		})
	}
}

// TestFunctionThatDoesNotStart: what its own code does at the start is an error of its events alone, as on AWS.
func TestFunctionThatDoesNotStart(t *testing.T) {
	need(t, "node")
	for name, c := range map[string]struct{ code, want string }{
		"ends":   {"process.exit(3)\n", "Echo: it does not start: function Echo ended before it asked for an event (exit status 3)"},
		"throws": {"throw new TypeError('no table')\n", "Echo: it does not start: TypeError: no table; its events fail until it does"},
	} {
		t.Run(name, func(t *testing.T) {
			root := folder(t, map[string]string{"template.yaml": nodeFunction("Handler: index.handler"), "code/index.js": c.code})
			p := start(t, root, nil, "-watch")
			until(t, func() bool { return strings.Contains(p.log.String(), "warning: template.yaml:13: "+c.want) })
			client := gatewaytest.Connect(t, p.urls[0])
			client.Send("hello")
			if got := client.Message(); !strings.Contains(got, `"Internal server error"`) {
				t.Errorf("got %s", got)
			}
			write(t, filepath.Join(root, "code", "index.js"), echo)
			until(t, func() bool {
				client.Send("hello")
				return client.Message() == "hello"
			})
		})
	}
}
