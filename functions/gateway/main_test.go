package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/gateway/gatewaytest"
)

// buildFlags are those of the command: it is built for the race detector if the tests are.
var buildFlags = []string{"build"}

// binary is the command, built once for all tests, in a folder that is removed after them.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "gateway-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		binary = filepath.Join(folder, "gateway")
		if out, err := exec.Command("go", append(buildFlags, "-o", binary, ".")...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// program is the command while it runs.
type program struct {
	t       testing.TB
	command *exec.Cmd
	// out is what it says of itself, log what happens.
	out, log gatewaytest.Buffer
	// life ends with the last process that the command has started.
	life *os.File
	// urls are those of the stages, in the order of the template.
	urls []string
}

// launch starts the command in a folder and doesn't wait. env is added to that of the test, without what a person's
// environment may say of AWS.
func launch(t testing.TB, folder string, env []string, args ...string) *program {
	t.Helper()
	life, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, command: exec.Command(binary, append([]string{"-addr", "127.0.0.1:0"}, args...)...), life: life}
	p.command.Dir, p.command.ExtraFiles = folder, []*os.File{end}
	p.command.Stdout, p.command.Stderr = &p.out, &p.log
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			p.command.Env = append(p.command.Env, variable)
		}
	}
	p.command.Env = append(p.command.Env, env...)
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = end.Close()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		_ = life.Close()
	})
	return p
}

var listening = regexp.MustCompile(`(?m)^listening on (ws://\S+)`)

// start starts the command and waits until it listens. When the test ends, so does the command, as by Ctrl-C.
func start(t testing.TB, folder string, env []string, args ...string) *program {
	t.Helper()
	p := launch(t, folder, env, args...)
	ended := make(chan error, 1)
	go func() { ended <- p.command.Wait() }()
	until(t, func() bool {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, p.log.String())
		default:
		}
		return strings.Contains(p.out.String(), "to end it")
	})
	for _, found := range listening.FindAllStringSubmatch(p.out.String(), -1) {
		p.urls = append(p.urls, found[1])
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("it said:\n%s%s", p.out.String(), p.log.String())
		}
		_ = p.command.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ended with %v\n%s", err, p.log.String())
			}
			p.nothingLeft()
		case <-time.After(gatewaytest.Timeout):
			t.Error("it doesn't end")
		}
	})
	return p
}

// nothingLeft waits for the end of all processes that the command has started.
func (p *program) nothingLeft() {
	p.t.Helper()
	_ = p.life.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(p.life); err != nil {
		p.t.Errorf("something is left running: %v", err)
	}
}

// until waits for a condition.
func until(t testing.TB, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(gatewaytest.Timeout); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// tool finds what make installs in .tools. Without it the test is skipped, but in CI it fails.
func tool(t testing.TB, target string, path ...string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(append([]string{"..", "..", ".tools"}, path...)...))
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		missing(t, fmt.Sprintf("NOT TESTED: %v; make %s installs it", err, target))
	}
	return file
}

// need finds a program in PATH, as tool does.
func need(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		missing(t, fmt.Sprintf("NOT TESTED: %v", err))
	}
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// folder makes a folder with files, by name.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
