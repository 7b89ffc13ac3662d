package lambdaruntime_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/lambdaruntime"
)

func TestNodeHandlers(t *testing.T) {
	for _, c := range []struct{ handler, want string }{
		{"index.handler", `{"a":1}`},
		{"index.nested.handler", `"nested"`},
		{"src/app.handler", `"common"`},
		{"./src/app.handler", `"common"`},
		{"src/module.handler", `"module"`},
		{"esm/index.handler", `"index.js"`},
		{"index.callback", `{"first":true,"later":true}`},
	} {
		t.Run(c.handler, func(t *testing.T) {
			p, _ := pool(t, node(t, c.handler), lambdaruntime.Options{})
			for range 3 {
				if got, err := p.Invoke(context.Background(), []byte(`{"a":1}`)); err != nil || string(got) != c.want {
					t.Errorf("answered %s, %v, want %s", got, err, c.want)
				}
			}
		})
	}
}

func TestNodeCallback(t *testing.T) {
	f := node(t, "index.callback")
	f.Timeout = 20 * time.Second
	p, _ := pool(t, f, lambdaruntime.Options{})
	if got := invoke[map[string]bool](t, p, `{"do":"now"}`); got["later"] {
		t.Errorf("callbackWaitsForEmptyEventLoop = false waited: %v", got)
	}
	wantError(t, p, `{"do":"fail"}`, "Error", "called back")
}

func TestNodeCallbackNeverCalled(t *testing.T) {
	p, _ := pool(t, node(t, "index.callback"), lambdaruntime.Options{})
	for range 2 {
		if got, err := p.Invoke(context.Background(), []byte(`{"do":"nothing"}`)); err != nil || string(got) != "null" {
			t.Errorf("answered %s, %v", got, err)
		}
	}
}

func TestNodeErrors(t *testing.T) {
	f := node(t, "index.handler")
	f.Timeout = 20 * time.Second
	p, _ := pool(t, f, lambdaruntime.Options{})
	for _, c := range []struct{ event, typ, message string }{
		{`{"do":"fail"}`, "TypeError", "no such thing"},
		{`{"do":"text"}`, "string", "only text"},
		{`{"do":"never"}`, "Runtime.NodeJsExit", ""},
		{`{"do":"cycle"}`, "Runtime.MarshalError", "Unable to stringify response body"},
		{`{"do":"uncaught"}`, "RangeError", "out of it"},
		{`{"do":"rejection"}`, "Runtime.UnhandledPromiseRejection", "Error: nobody waits"},
		{`{"do":"exit"}`, "Runtime.ExitError", "exit status 7"},
		{`{"do":"big","bytes":7000000}`, "Function.ResponseSizeTooLarge", "6291556 bytes"},
	} {
		wantError(t, p, c.event, c.typ, c.message)
		if got := invoke[map[string]int](t, p, `{"n":1}`); got["n"] != 1 {
			t.Errorf("after %s: %v", c.event, got)
		}
	}
	failed := wantError(t, p, `{"do":"fail"}`, "TypeError", "no such thing")
	if !strings.Contains(string(failed.Payload), `"trace":["TypeError: no such thing","    at exports.handler (`) {
		t.Errorf("reported %s", failed.Payload)
	}
}

func TestNodeAnswers(t *testing.T) {
	p, _ := pool(t, node(t, "index.handler"), lambdaruntime.Options{})
	if got := invoke[string](t, p, `{"do":"unicode"}`); got != "grüße 🎉" {
		t.Errorf("answered %q", got)
	}
	if got, err := p.Invoke(context.Background(), []byte(`{"do":"undefined"}`)); string(got) != "null" || err != nil {
		t.Errorf("undefined is answered %s, %v", got, err)
	}
	big := `{"text":"` + strings.Repeat("ü", 1<<20) + `"}`
	if got, err := p.Invoke(context.Background(), []byte(big)); string(got) != big || err != nil {
		t.Errorf("%d bytes are answered by %d, %v", len(big), len(got), err)
	}
}

// seenContext is what the handlers of the tests tell of their context.
type seenContext struct {
	ID, Name, ARN, Memory, Group, Trace, Version string
	Left                                         int
}

func checkContext(t *testing.T, p *lambdaruntime.Pool, name string) {
	t.Helper()
	got := invoke[seenContext](t, p, `{"do":"context"}`)
	if len(got.ID) != 36 || got.Name != name || got.ARN != "arn:aws:lambda:us-east-1:123456789012:function:"+name || got.Memory != "256" ||
		got.Group != "/aws/lambda/"+name || !strings.HasPrefix(got.Trace, "Root=1-") || got.Version != "$LATEST" || got.Left < 1000 || got.Left > 9000 {
		t.Errorf("the context is %+v", got)
	}
}

func TestNodeContextAndConsole(t *testing.T) {
	f := node(t, "index.handler")
	f.MemoryMB, f.Timeout = 256, 9*time.Second
	p, w := pool(t, f, lambdaruntime.Options{})
	checkContext(t, p, "Node")
	if got := invoke[map[string]string](t, p, `{"do":"env"}`); got["AWS_EXECUTION_ENV"] != "AWS_Lambda_nodejs20.x" {
		t.Errorf("the environment is %v", got)
	}
	id := invoke[seenContext](t, p, `{"do":"context"}`).ID
	invoke[any](t, p, `{"do":"log"}`)
	w.await(t, "\tERROR\tbad\n")
	if text := w.String(); !strings.Contains(text, "\tINFO\tseen twice\n") || strings.Contains(text, id) {
		t.Errorf("wrote %s", text)
	}
}

func TestNodeInitializationFailures(t *testing.T) {
	for _, c := range []struct{ handler, typ, message string }{
		{"missing.handler", "Runtime.ImportModuleError", "/testdata/node/missing.js, .mjs or .cjs"},
		{"index.absent", "Runtime.HandlerNotFound", "index.absent is undefined or not exported"},
		{"index.number", "Runtime.HandlerNotFound", "index.number is not a function"},
		{"handler", "Runtime.MalformedHandlerName", "'handler' is not a valid handler name"},
		{"src/broken.handler", "Runtime.UserCodeSyntaxError", "Unexpected token"},
		{"src/throws.handler", "Error", "TABLE_NAME is missing"},
		{"src/sdk.handler", "Runtime.ImportModuleError", "npm install it beside the function"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			p, _ := pool(t, node(t, c.handler), lambdaruntime.Options{})
			wantError(t, p, `{}`, c.typ, c.message)
		})
	}
}

func TestNodeStreamingIsRefused(t *testing.T) {
	p, _ := pool(t, node(t, "index.stream"), lambdaruntime.Options{})
	wantError(t, p, `{}`, "Runtime.Unsupported", "response streaming is not supported")
}

func TestPythonHandlers(t *testing.T) {
	for handler, want := range map[string]string{
		"app.lambda_handler": `{"a": 1}`, "pkg/inner.handler": `"inner"`, "pkg.inner.handler": `"inner"`,
	} {
		t.Run(handler, func(t *testing.T) {
			f := python(t, handler)
			f.Env = []string{"PYTHONDONTWRITEBYTECODE=1"}
			p, _ := pool(t, f, lambdaruntime.Options{})
			for range 3 {
				if got, err := p.Invoke(context.Background(), []byte(`{"a":1}`)); err != nil || string(got) != want {
					t.Errorf("answered %s, %v, want %s", got, err, want)
				}
			}
		})
	}
}

func TestPythonErrorsAndAnswers(t *testing.T) {
	f := python(t, "app.lambda_handler")
	f.MemoryMB, f.Timeout, f.Env = 256, 9*time.Second, []string{"PYTHONDONTWRITEBYTECODE=1"}
	p, w := pool(t, f, lambdaruntime.Options{})
	checkContext(t, p, "Python")
	failed := wantError(t, p, `{"do":"fail"}`, "ValueError", "no such thing")
	if !strings.Contains(string(failed.Payload), `/app.py\", line `) || strings.Contains(string(failed.Payload), "python.py") {
		t.Errorf("reported %s", failed.Payload)
	}
	wantError(t, p, `{"do":"set"}`, "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable")
	wantError(t, p, `{"do":"exit"}`, "Runtime.ExitError", "exit status 7")
	if got := invoke[map[string]float64](t, p, `{"do":"decimal"}`); got["whole"] != 3 || got["part"] != 0.5 {
		t.Errorf("answered %v", got)
	}
	if got := invoke[string](t, p, `{"do":"unicode"}`); got != "grüße 🎉" {
		t.Errorf("answered %q", got)
	}
	invoke[any](t, p, `{"do":"log"}`)
	w.await(t, "Python | printed\n")
	w.await(t, "\tlogged\n")
}

func TestPythonInitializationFailures(t *testing.T) {
	for _, c := range []struct{ handler, typ, message string }{
		{"missing.handler", "Runtime.ImportModuleError", "Unable to import module 'missing': No module named 'missing'"},
		{"app.absent", "Runtime.HandlerNotFound", "Handler 'absent' missing on module 'app'"},
		{"handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"},
		{"broken.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'broken'"},
		{"needs.handler", "Runtime.ImportModuleError", "No module named 'no_such_package_anywhere'"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			f := python(t, c.handler)
			f.Env = []string{"PYTHONDONTWRITEBYTECODE=1"}
			p, _ := pool(t, f, lambdaruntime.Options{})
			wantError(t, p, `{}`, c.typ, c.message)
		})
	}
}

func TestNodeIsFrozen(t *testing.T) {
	p, _ := pool(t, node(t, "index.handler"), lambdaruntime.Options{})
	for range 3 {
		invoke[any](t, p, `{}`)
		until(t, func() bool { return frozenChild() })
	}
}

// frozenChild tells whether one of this program's processes is stopped.
func frozenChild() bool {
	for _, pid := range descendants(os.Getpid()) {
		if processState(pid) == "T" {
			return true
		}
	}
	return false
}

func TestShimsAreRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p, _ := pool(t, node(t, "index.handler"), lambdaruntime.Options{})
	if err := p.Init(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
