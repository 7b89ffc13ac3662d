package functions_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wsecho/adapters/gateway/gatewaytest"
)

// registry is the file in which extensions are registered, from here.
const registry = "internal/wiring/extensions.go"

// overlay is a tree of files that go build sees instead of what is there: by path, from this folder, the file whose
// content stands there; empty for none.
type overlay map[string]string

// build builds commands of the tree into a folder.
func (o overlay) build(t *testing.T, into string, packages ...string) {
	t.Helper()
	replaced := map[string]string{}
	for path, file := range o {
		replaced[absolute(t, path)] = file
		if file != "" {
			replaced[absolute(t, path)] = absolute(t, file)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"build", "-overlay", list, "-o", into + string(os.PathSeparator)}, packages...)
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// edit puts a changed copy of a file into the overlay. Every old text must be there.
func (o overlay) edit(t *testing.T, path string, changes ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			t.Fatalf("%s has no %q", path, changes[i])
		}
		text = []byte(strings.Replace(string(text), changes[i], changes[i+1], 1))
	}
	changed := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		t.Fatal(err)
	}
	o[path] = changed
}

// without puts a copy of a file into the overlay that lacks the lines with any of some texts. Each must be in one.
func (o overlay) without(t *testing.T, path string, texts ...string) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var changes []string
	for line := range strings.Lines(string(whole)) {
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(line, text) }) {
			changes = append(changes, line, "")
		}
	}
	if len(changes) != 2*len(texts) {
		t.Fatalf("%s has %d lines with %q", path, len(changes)/2, texts)
	}
	o.edit(t, path, changes...)
}

// eachFile calls f for every file below a folder.
func eachFile(t *testing.T, folder string, f func(path string)) {
	t.Helper()
	if err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			f(path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestSecondExtension builds another extension, which is two folders, two lines and a Lambda's main, and uses it.
func TestSecondExtension(t *testing.T) {
	o := overlay{}
	const from = "testdata/extension"
	eachFile(t, from, func(path string) { o[filepath.Join("..", strings.TrimPrefix(path, from))] = path })
	o.edit(t, registry,
		"import (\n", "import (\n\t\"wsecho/adapters/dice\"\n",
		"[]extension.Extension{\n", "[]extension.Extension{\n\t\tdice.Extension(),\n")
	bin := t.TempDir()
	o.build(t, bin, "wsecho/functions/local", "wsecho/functions/dice")

	url := serve(t, filepath.Join(bin, "local"))
	ada, bob := gatewaytest.Connect(t, url+"?user=ada"), gatewaytest.Connect(t, url+"?user=bob")
	ask(ada, `{"action":"roll"}`, `"code":"not_a_member"`)
	ask(ada, `{"action":"sit","table":""}`, `"code":"bad_request"`)
	ask(ada, `{"action":"sit","table":"`+strings.Repeat("x", 3000)+`"}`, `"code":"bad_request"`)
	ask(ada, `{"action":"join","room":"tea"}`, `"type":"ack"`)
	ask(ada, `{"action":"sit","table":"one"}`, `"type":"ack"`)
	ask(ada, `{"action":"sit","table":"two"}`, `"code":"limit_exceeded"`)
	ask(bob, `{"action":"sit","table":"one"}`, `"type":"ack"`)
	ask(ada, `{"action":"roll","id":"1"}`, `{"type":"ack","id":"1","table":"one","from":{"user":"ada",`)
	receive(bob, `{"type":"rolled","table":"one","from":{"user":"ada",`)
	ada.Conn.Close()
	receive(bob, `{"type":"stood","table":"one","from":{"user":"ada",`)
}

// TestWithoutChat builds everything but what is chat's, which is in folders of its own and named in two files.
func TestWithoutChat(t *testing.T) {
	o := overlay{}
	for _, folder := range []string{"../domain/chat", "../adapters/chat", "chat", "relay"} {
		eachFile(t, folder, func(path string) { o[path] = "" })
	}
	o.without(t, registry, `"wsecho/adapters/chat"`, "chat.Extension()")
	o.without(t, "local/extensions.go", `"wsecho/adapters/chat"`, `"wsecho/adapters/chat/chatmemory"`, "chat.Extension()")
	bin := t.TempDir()
	o.build(t, bin, "wsecho/functions/local", "wsecho/functions/echo", "wsecho/functions/deliver")

	c := gatewaytest.Connect(t, serve(t, filepath.Join(bin, "local")))
	ask(c, `{"action":"join","room":"tea"}`, `"code":"unknown_action"`)
	ask(c, `{"action":"echo"}`, `"type":"echo"`)
}

// serve starts a local program until the test ends, and returns the URL at which it listens.
func serve(t *testing.T, binary string) (url string) {
	t.Helper()
	program := exec.Command(binary, "-addr", "127.0.0.1:0", "-q")
	program.Stderr = t.Output()
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Signal(syscall.SIGTERM)
		if err := program.Wait(); err != nil {
			t.Errorf("ending the program: %v", err)
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			return url
		}
	}
	t.Fatal("the program does not listen")
	return ""
}

// ask sends a message and expects an answer that has a text.
func ask(c *gatewaytest.Client, message, want string) {
	c.T.Helper()
	c.Send(message)
	receive(c, want)
}

// receive expects a message that has a text.
func receive(c *gatewaytest.Client, want string) {
	c.T.Helper()
	if text := c.Message(); !strings.Contains(text, want) {
		c.T.Fatalf("received %s, want %s", text, want)
	}
}
