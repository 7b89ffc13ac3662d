package main_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/gateway/gatewaytest"
)

// documented is the page, and its blocks of code without their indentation.
func documented(t *testing.T) (page string, blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile(`(?m)(?:^    .*\n|^\n)+`).FindAllString(string(text), -1) {
		if block = strings.Trim(block, "\n"); block != "" {
			blocks = append(blocks, strings.ReplaceAll(strings.ReplaceAll("\n"+block, "\n    ", "\n"), "\n\n\n", "\n\n")[1:])
		}
	}
	return string(text), blocks
}

// block is the one that begins with a text.
func block(t *testing.T, begin string) string {
	t.Helper()
	_, blocks := documented(t)
	for _, b := range blocks {
		if strings.HasPrefix(b, begin) {
			return b
		}
	}
	t.Fatalf("docs/gateway.md has no block that begins with %q", begin)
	return ""
}

// TestDocumentedFlags: the page names no flag that isn't there.
func TestDocumentedFlags(t *testing.T) {
	page, _ := documented(t)
	p := launch(t, t.TempDir(), nil, "-help")
	if err := p.command.Wait(); err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("(?m)(?:^    gateway[^#\n]* |`)(-[a-z]+)").FindAllStringSubmatch(page, -1)
	if len(named) < 8 {
		t.Errorf("found only %v", named)
	}
	for _, flag := range named {
		if !strings.Contains(p.log.String()+"\n  -help\n  -bench of go test", "\n  "+flag[1]) {
			t.Errorf("there is no flag %s", flag[1])
		}
	}
}

// TestDocumentedExample does what the page tells to, and gets what it shows.
func TestDocumentedExample(t *testing.T) {
	folder := copied(t, "examples/node")
	withSDK(t, filepath.Join(folder, "chat"))
	env := []string{"AWS_ENDPOINT_URL_DYNAMODB=" + dynamodblocal.Start(t)}
	unique(t, folder, "template.yaml", "table.mjs")
	for _, line := range strings.Split(block(t, "npm install --prefix chat"), "\n") {
		if command, _, _ := strings.Cut(line, " #"); strings.HasPrefix(command, "node ") {
			runIn(t, folder, env, strings.Fields(command)...)
		}
	}
	p := start(t, folder, env)
	address := strings.TrimSuffix(strings.TrimPrefix(p.urls[0], "ws://"), "/prod")
	if got, want := strings.TrimSpace(strings.ReplaceAll(p.out.String(), address, "127.0.0.1:3001")), block(t, "listening on"); got != want {
		t.Errorf("it says\n%s\nthe page\n%s", got, want)
	}
	converse(t, p, block(t, "$ npx wscat"))
}

// converse is what the page shows of several terminals: all connect, all that is sent is sent, and what is shown comes.
func converse(t *testing.T, p *program, shown string) {
	t.Helper()
	var clients []*gatewaytest.Client
	var want []string
	var send []func()
	for _, line := range strings.Split(shown, "\n") {
		switch kind, text, _ := strings.Cut(line, " "); kind {
		case "$":
			_, url, _ := strings.Cut(strings.Trim(text, "'"), "/prod")
			clients = append(clients, gatewaytest.Connect(t, p.urls[0]+url))
			want = append(want, "")
		case ">":
			send = append(send, func(c *gatewaytest.Client) func() { return func() { c.Send(text) } }(clients[len(clients)-1]))
		case "<":
			want[len(want)-1] = text
		}
	}
	for _, do := range send {
		do()
	}
	for i, c := range clients {
		if got := c.Message(); got != want[i] {
			t.Errorf("terminal %d shows %s, the page %s", i+1, got, want[i])
		}
	}
}

// TestDocumentedCI runs the page's script, with other tests and at another port.
func TestDocumentedCI(t *testing.T) {
	need(t, "node")
	need(t, "bash")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	root := folder(t, map[string]string{"template.yaml": nodeFunction("Handler: index.handler"), "code/index.js": echo})
	script := strings.NewReplacer("npm test", "echo tested", "3001", port, "gateway -strict", binary+" -strict -addr 127.0.0.1:"+port).Replace(block(t, "gateway -strict"))
	c := exec.Command("bash", "-c", script)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "tested\n") {
		t.Errorf("%v\n%s\n%s", err, script, out)
	}
}
