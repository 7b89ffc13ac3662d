package lambdaruntime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wsecho/adapters/gateway/gatewaytest/leaktest"
	"wsecho/adapters/lambdaruntime"
)

// built is the folder of the Go function, built once for all tests.
var built struct {
	once sync.Once
	dir  string
	err  error
	life *os.File // Closed by the end of the tests, whatever way they end.
}

// removeAtExit lets a shell remove a folder when the tests have ended.
func removeAtExit(dir string) error {
	end, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer end.Close()
	built.life = life
	command := exec.Command("/bin/sh", "-c", `read -r _; rm -rf -- "$0"`, dir)
	command.Stdin = end
	return command.Start()
}

func TestMain(m *testing.M) {
	if os.Getenv(gatewayVariable) != "" {
		beGateway()
		return
	}
	leaktest.Main(m)
}

func goFunction(t testing.TB) lambdaruntime.Function {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "lambdaruntime-test-"); built.err != nil {
			return
		}
		if built.err = removeAtExit(built.dir); built.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", filepath.Join(built.dir, "bootstrap"), "./testdata/gofunction").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return lambdaruntime.Function{Name: "Go", Runtime: "provided.al2023", Handler: "bootstrap", Dir: built.dir}
}

// need ends a test early if a program is missing, as a failure where the environment has CI=true.
func need(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not in PATH", program)
	}
	t.Skipf("NOT TESTED: this test needs %s in PATH", program)
}

func node(t testing.TB, handler string) lambdaruntime.Function {
	t.Helper()
	need(t, "node")
	return lambdaruntime.Function{Name: "Node", Runtime: "nodejs20.x", Handler: handler, Dir: "testdata/node"}
}

func python(t testing.TB, handler string) lambdaruntime.Function {
	t.Helper()
	need(t, "python3")
	return lambdaruntime.Function{Name: "Python", Runtime: "python3.11", Handler: handler, Dir: "testdata/python"}
}

// written is an output that tests can wait on.
type written struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // Has room for one.
}

func newWritten() *written { return &written{wrote: make(chan struct{}, 1)} }

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.wrote <- struct{}{}:
	default:
	}
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await returns when the text has been written.
func (w *written) await(t testing.TB, text string) {
	t.Helper()
	for deadline := time.After(20 * time.Second); !strings.Contains(w.String(), text); {
		select {
		case <-w.wrote:
		case <-deadline:
			t.Fatalf("%q was never written, only\n%s", text, w)
		}
	}
}

// pool is a pool that closes with the test. Records and output go to one text.
func pool(t testing.TB, f lambdaruntime.Function, o lambdaruntime.Options) (*lambdaruntime.Pool, *written) {
	t.Helper()
	w := newWritten()
	if o.Output == nil {
		o.Output = w
	}
	o.Logger = slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p, err := lambdaruntime.New(f, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			t.Logf("the functions wrote:\n%s", w)
		}
	})
	return p, w
}

// invoke returns the answer as a value of JSON.
func invoke[T any](t testing.TB, p *lambdaruntime.Pool, event string) T {
	t.Helper()
	raw, err := p.Invoke(context.Background(), []byte(event))
	if err != nil {
		t.Fatalf("Invoke(%s): %v", event, err)
	}
	var answer T
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("Invoke(%s) = %s: %v", event, raw, err)
	}
	return answer
}

// wantError invokes with an event that must fail.
func wantError(t testing.TB, p *lambdaruntime.Pool, event, typ, message string) *lambdaruntime.Error {
	t.Helper()
	raw, err := p.Invoke(context.Background(), []byte(event))
	failed := (*lambdaruntime.Error)(nil)
	if !errors.As(err, &failed) {
		t.Fatalf("Invoke(%s) = %.100s, %v, want an *Error", event, raw, err)
	}
	if failed.Type != typ || !strings.Contains(failed.Message, message) || failed.Error() != failed.Message {
		t.Fatalf("Invoke(%s): %s: %s, want %s: %s", event, failed.Type, failed.Message, typ, message)
	}
	return failed
}
