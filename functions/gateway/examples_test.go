package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/gateway/gatewaytest"
)

// copied copies a folder, which stays as it is then.
func copied(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// withSDK gives a folder of Node code the packages of AWS's SDK, as npm install does.
func withSDK(t *testing.T, folder string) {
	t.Helper()
	need(t, "node")
	if err := os.Symlink(tool(t, "tools-examples", "gateway-examples", "node_modules"), filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

// withBoto3 is a PATH where python3 has boto3.
func withBoto3(t *testing.T) string {
	t.Helper()
	return "PATH=" + filepath.Dir(tool(t, "tools-gateway", "gateway-python", "bin", "python3")) + string(os.PathListSeparator) + os.Getenv("PATH")
}

// runIn runs a command of somebody who follows the documents.
func runIn(t *testing.T, folder string, env []string, command ...string) string {
	t.Helper()
	c := exec.Command("env", append(env, command...)...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// unique gives a template's table a name of its own: one server serves all tests.
func unique(t *testing.T, folder string, files ...string) {
	t.Helper()
	for _, file := range files {
		path := filepath.Join(folder, file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := "chat-" + strings.ToLower(strings.NewReplacer("/", "-").Replace(t.Name()))
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "chat-connections", name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExampleInNode(t *testing.T) {
	folder := copied(t, "examples/node")
	withSDK(t, filepath.Join(folder, "chat"))
	env := []string{"AWS_ENDPOINT_URL_DYNAMODB=" + dynamodblocal.Start(t)}
	unique(t, folder, "template.yaml", "table.mjs")
	runIn(t, folder, env, "node", "table.mjs")
	chat(t, start(t, folder, env))
}

func TestExampleInPython(t *testing.T) {
	env := []string{withBoto3(t), "AWS_ENDPOINT_URL_DYNAMODB=" + dynamodblocal.Start(t)}
	folder := copied(t, "examples/python")
	unique(t, folder, "template.yaml", "table.py")
	runIn(t, folder, env, "python3", "table.py")
	chat(t, start(t, folder, env))
}

// chat talks with the chat of the examples.
func chat(t *testing.T, p *program) {
	t.Helper()
	ada, bob := gatewaytest.Connect(t, p.urls[0]+"?name=Ada"), gatewaytest.Connect(t, p.urls[0])
	ada.Send(`{"action":"say","text":"hello"}`)
	for _, c := range []*gatewaytest.Client{ada, bob} {
		same(t, c.Message(), `{"from":"Ada","text":"hello"}`)
	}
	ada.Send("anything")
	same(t, ada.Message(), `{"error":"say something: {\"action\":\"say\",\"text\":\"hello\"}"}`)
	_ = ada.Conn.Close()
	until(t, func() bool { return strings.Contains(p.log.String(), "DISCONNECT") })
	bob.Send(`{"action":"say","text":"alone"}`)
	same(t, bob.Message(), `{"from":"somebody","text":"alone"}`)
	if text, err := bob.Read(100 * time.Millisecond); err == nil {
		t.Errorf("got %s as well", text)
	}
}
