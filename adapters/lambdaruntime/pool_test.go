package lambdaruntime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"wsecho/adapters/lambdaruntime"
)

func TestAnswerIsTheFunctions(t *testing.T) {
	p, _ := pool(t, goFunction(t), lambdaruntime.Options{})
	if got := invoke[map[string]any](t, p, `{"do":"echo","n":5}`); got["n"] != 5.0 {
		t.Errorf("answered %v", got)
	}
}

func TestContext(t *testing.T) {
	f := goFunction(t)
	f.Timeout = 20 * time.Second
	p, _ := pool(t, f, lambdaruntime.Options{Region: "eu-west-1", AccountID: "111122223333"})
	got := invoke[struct {
		ID, ARN string
		Left    int
	}](t, p, `{"do":"context"}`)
	if len(got.ID) != 36 || got.ARN != "arn:aws:lambda:eu-west-1:111122223333:function:Go" || got.Left < 15000 || got.Left > 20000 {
		t.Errorf("the context is %+v", got)
	}
}

// variables are those of a process by name.
func variables(t *testing.T, p *lambdaruntime.Pool) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, entry := range invoke[[]string](t, p, `{"do":"env"}`) {
		name, value, _ := strings.Cut(entry, "=")
		all[name] = value
	}
	return all
}

func TestEnvironmentIsLambdas(t *testing.T) {
	t.Setenv("SECRET_OF_THIS_MACHINE", "x")
	t.Setenv("AWS_PROFILE", "production")
	f := goFunction(t)
	f.Env, f.MemoryMB = []string{"TABLE=chat", "AWS_REGION=eu-central-1"}, 512
	p, _ := pool(t, f, lambdaruntime.Options{})
	got := variables(t, p)
	for name, want := range map[string]string{
		"TABLE": "chat", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "us-east-1", "_HANDLER": "bootstrap", "LAMBDA_TASK_ROOT": f.Dir,
		"AWS_LAMBDA_FUNCTION_NAME": "Go", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/Go", "TZ": ":UTC", "AWS_ACCESS_KEY_ID": "local", "PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"),
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for _, name := range []string{"SECRET_OF_THIS_MACHINE", "AWS_PROFILE", "AWS_EXECUTION_ENV"} {
		if value, ok := got[name]; ok {
			t.Errorf("%s=%s is inherited", name, value)
		}
	}
	if got["_X_AMZN_TRACE_ID"] == "" || !strings.Contains(got["AWS_LAMBDA_LOG_STREAM_NAME"], "/[$LATEST]") {
		t.Errorf("the environment is %v", got)
	}
}

func TestOwnCredentialsAreNotMixed(t *testing.T) {
	f := goFunction(t)
	f.Env = []string{"AWS_ACCESS_KEY_ID=mine", "AWS_SECRET_ACCESS_KEY=mine"}
	p, _ := pool(t, f, lambdaruntime.Options{})
	if got := variables(t, p); got["AWS_ACCESS_KEY_ID"] != "mine" || got["AWS_SESSION_TOKEN"] != "" {
		t.Errorf("the credentials are %q with the token %q", got["AWS_ACCESS_KEY_ID"], got["AWS_SESSION_TOKEN"])
	}
}

func TestFunctionErrors(t *testing.T) {
	f := goFunction(t)
	p, _ := pool(t, f, lambdaruntime.Options{})
	for _, c := range []struct{ event, typ, message string }{
		{`{"do":"fail"}`, "errorString", "Unauthorized"},
		{`{"do":"panic"}`, "string", "at the disco"},
		{`{"do":"exit","n":5}`, "Runtime.ExitError", "Error: Runtime exited with error: exit status 5"},
		{`{"do":"exit"}`, "Runtime.ExitError", "Error: Runtime exited without providing a reason"},
		{`{"do":"big","bytes":6291600}`, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
	} {
		wantError(t, p, c.event, c.typ, c.message)
		if got := invoke[map[string]any](t, p, `{"n":1}`); got["n"] != 1.0 {
			t.Errorf("after %s: %v", c.event, got)
		}
	}
	if got := wantError(t, p, `{"do":"fail"}`, "errorString", "").Error(); got != "Unauthorized" {
		t.Errorf("the error is %q, which API Gateway compares", got)
	}
}

func TestLargestAnswer(t *testing.T) {
	p, _ := pool(t, goFunction(t), lambdaruntime.Options{})
	if got := invoke[string](t, p, `{"do":"big","bytes":6291000}`); len(got) != 6291000 {
		t.Errorf("answered %d bytes", len(got))
	}
	event := []byte(`"` + strings.Repeat("x", 6<<20) + `"`)
	if _, err := p.Invoke(context.Background(), event); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("an event over 6 MB: %v", err)
	}
}

func TestTimeoutKillsAndTheNextEventStartsAnew(t *testing.T) {
	f := goFunction(t)
	f.Timeout = 200 * time.Millisecond
	p, _ := pool(t, f, lambdaruntime.Options{})
	before := invoke[int](t, p, `{"do":"pid"}`)
	until(t, func() bool { return p.Idle() == 1 }) // Or another process is started for the next event.
	wantError(t, p, `{"do":"hang"}`, "Sandbox.Timedout", "Error: Task timed out after 0.20 seconds")
	if after := invoke[int](t, p, `{"do":"pid"}`); after == before {
		t.Errorf("process %d lives on", before)
	}
}

func TestInitializationFailures(t *testing.T) {
	for _, c := range []struct{ init, typ, message string }{
		{"exit", "Runtime.ExitError", "ended before it asked for an event (exit status 3); the last it wrote:\nno table"},
		{"quit", "Runtime.ExitError", "ended before it asked for an event (exit status 0) and wrote nothing; see what it does by hand: cd "},
		{"hang", "Sandbox.Timedout", "did not ask for an event within 300ms"},
	} {
		t.Run(c.init, func(t *testing.T) {
			f := goFunction(t)
			f.Env = []string{"INIT=" + c.init}
			p, w := pool(t, f, lambdaruntime.Options{InitTimeout: 300 * time.Millisecond})
			wantError(t, p, `{}`, c.typ, c.message)
			wantError(t, p, `{}`, c.typ, c.message)
			if err := p.Init(context.Background()); err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("Init: %v", err)
			}
			w.await(t, "initialisation failed")
		})
	}
}

// gate makes events wait until the test opens it.
func gate(t *testing.T, f *lambdaruntime.Function) (open func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f.Env = append(f.Env, "GATE="+path)
	return func() {
		open, err := os.OpenFile(path, os.O_RDWR, 0) // Both ends: whoever comes to read later finds it open as well.
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = open.Close() })
	}
}

func TestBusyFunctionGetsMoreProcessesUpToTheLimit(t *testing.T) {
	f := goFunction(t)
	f.MaxProcesses, f.Timeout = 2, time.Minute
	open := gate(t, &f)
	p, _ := pool(t, f, lambdaruntime.Options{QueueTimeout: 100 * time.Millisecond})
	pids := make(chan int, 2)
	for range 2 {
		go func() { pids <- invoke[int](t, p, `{"do":"wait"}`) }()
	}
	until(t, func() bool { return p.Busy() == 2 })
	wantError(t, p, `{}`, "TooManyRequestsException", "Rate Exceeded.")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Invoke(ctx, []byte(`{}`)); err == nil || err.Error() != "Rate Exceeded." {
		t.Errorf("an event whose caller goes away: %v", err)
	}
	open()
	first := <-pids
	if second := <-pids; first == second {
		t.Errorf("process %d had two events at a time", first)
	}
}

func TestRestartLetsEventsEnd(t *testing.T) {
	f := goFunction(t)
	f.Timeout = time.Minute
	open := gate(t, &f)
	p, w := pool(t, f, lambdaruntime.Options{})
	old := make(chan int, 1)
	go func() { old <- invoke[int](t, p, `{"do":"wait"}`) }()
	w.await(t, "started")
	until(t, func() bool { return p.Busy() == 1 })
	p.Restart()
	young := invoke[int](t, p, `{"do":"pid"}`)
	open()
	if pid := <-old; pid == young {
		t.Errorf("process %d lives on", pid)
	} else {
		untilGone(t, pid)
	}
	if again := invoke[int](t, p, `{"do":"pid"}`); again != young {
		t.Errorf("process %d was replaced by %d without a reason", young, again)
	}
}

func TestFilesThatChangeRestartTheFunction(t *testing.T) {
	for name, link := range map[string]func(t *testing.T, dir, file string) string{
		"files":            func(_ *testing.T, dir, _ string) string { return dir },
		"a linked folder":  func(t *testing.T, dir, _ string) string { return symlink(t, dir, "code") },
		"a linked file":    func(t *testing.T, _, file string) string { return filepath.Dir(symlink(t, file, "app.js")) },
		"a linked package": func(t *testing.T, dir, _ string) string { return filepath.Dir(symlink(t, dir, "lib")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			changeRestarts(t, link(t, dir, filepath.Join(dir, "app.js")), dir)
		})
	}
}

// symlink makes a link in a folder of its own.
func symlink(t *testing.T, target, name string) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(target, link); err != nil {
		t.Skip("NOT TESTED: this system makes no links: ", err)
	}
	return link
}

// changeRestarts changes the code in a folder, of a function whose folder leads to it.
func changeRestarts(t *testing.T, folder, dir string) {
	f := node(t, "app.handler")
	f.Dir = folder
	if _, err := os.Stat(filepath.Join(folder, "lib")); err == nil {
		f.Handler = "lib/app.handler"
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "app.js"), []byte("exports.handler = async () => '"+text+"'"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	p, w := pool(t, f, lambdaruntime.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() { p.Watch(ctx); close(watched) }()
	defer func() { cancel(); <-watched }()
	if got := invoke[string](t, p, `{}`); got != "old" {
		t.Fatalf("answered %q", got)
	}
	until(t, func() bool {
		write("young")
		return strings.Contains(w.String(), "files have changed") || waited(time.Second)
	})
	if got := invoke[string](t, p, `{}`); got != "young" {
		t.Errorf("answered %q", got)
	}
}

func TestIdleProcessIsFrozenAndThawsForAnEvent(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("NOT TESTED: freezing needs Linux")
	}
	p, _ := pool(t, goFunction(t), lambdaruntime.Options{})
	pid := invoke[int](t, p, `{"do":"pid"}`)
	for range 3 {
		until(t, func() bool { return processState(pid) == "T" })
		if again := invoke[int](t, p, `{"do":"pid"}`); again != pid {
			t.Fatalf("process %d was replaced by %d", pid, again)
		}
	}
}

func TestNoFreeze(t *testing.T) {
	f := goFunction(t)
	given := f
	given.Command = []string{"./bootstrap"}
	for name, p := range map[string]*lambdaruntime.Pool{
		"Options.NoFreeze": first(pool(t, f, lambdaruntime.Options{NoFreeze: true})),
		"Function.Command": first(pool(t, given, lambdaruntime.Options{})),
	} {
		pid := invoke[int](t, p, `{"do":"pid"}`)
		if waited(150 * time.Millisecond); processState(pid) == "T" {
			t.Errorf("%s: process %d is frozen", name, pid)
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

func TestSurplusProcessesEnd(t *testing.T) {
	f := goFunction(t)
	f.Timeout = time.Minute
	open := gate(t, &f)
	p, _ := pool(t, f, lambdaruntime.Options{IdleTimeout: 100 * time.Millisecond})
	pids := make(chan int, 2)
	for range 2 {
		go func() { pids <- invoke[int](t, p, `{"do":"wait"}`) }()
	}
	until(t, func() bool { return p.Busy() == 2 })
	open()
	a, b := <-pids, <-pids
	until(t, func() bool { return gone(a) != gone(b) })
	left := invoke[int](t, p, `{"do":"pid"}`)
	if left != a && left != b {
		t.Errorf("process %d is neither %d nor %d", left, a, b)
	}
}

// TestProcessThatDiesIdle: its next event is given to another process, or fails if it was on its way already.
func TestProcessThatDiesIdle(t *testing.T) {
	p, _ := pool(t, goFunction(t), lambdaruntime.Options{})
	for range 20 {
		pid := invoke[int](t, p, `{"do":"pid"}`)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Invoke(context.Background(), []byte(`{}`)); err != nil && !strings.Contains(err.Error(), "Runtime exited with error: signal: killed") {
			t.Fatal(err)
		}
	}
}

func TestCloseEndsEverything(t *testing.T) {
	f := goFunction(t)
	f.Env = []string{"INIT=children"}
	p, w := pool(t, f, lambdaruntime.Options{})
	pid := invoke[int](t, p, `{"do":"pid"}`)
	hung := make(chan error, 1)
	go func() {
		_, err := p.Invoke(context.Background(), []byte(`{"do":"hang"}`))
		hung <- err
	}()
	until(t, func() bool { return p.Busy() >= 1 })
	children := descendants(pid)
	ctx, cancel := context.WithCancelCause(context.Background())
	late := errors.New("late")
	cancel(late)
	if err := p.Close(ctx); err != nil && !errors.Is(err, late) {
		t.Errorf("Close: %v", err)
	}
	if err := <-hung; err == nil {
		t.Error("an event of a closed pool was answered")
	}
	if _, err := p.Invoke(context.Background(), []byte(`{}`)); !errors.Is(err, lambdaruntime.ErrClosed) {
		t.Errorf("Invoke after Close: %v", err)
	}
	for _, pid := range append(children, pid) {
		untilGone(t, pid)
	}
	if strings.Contains(w.String(), "initialisation failed") {
		t.Error("closing is reported as a failed initialisation")
	}
}

// TestThousandEvents: every 50th crashes the process, every 70th takes too long.
func TestThousandEvents(t *testing.T) {
	f := goFunction(t)
	f.Timeout, f.MaxProcesses = 300*time.Millisecond, 4
	p, _ := pool(t, f, lambdaruntime.Options{})
	var wg sync.WaitGroup
	var answered, crashed, late atomic.Int32
	places := make(chan struct{}, 20)
	for n := 1; n <= 1000; n++ {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			switch {
			case n%70 == 0:
				wantError(t, p, `{"do":"hang"}`, "Sandbox.Timedout", "Task timed out after 0.30 seconds")
				late.Add(1)
			case n%50 == 0:
				wantError(t, p, `{"do":"exit","n":1}`, "Runtime.ExitError", "exit status 1")
				crashed.Add(1)
			default:
				if got := invoke[map[string]any](t, p, fmt.Sprintf(`{"n":%d}`, n)); got["n"] != float64(n) {
					t.Errorf("event %d was answered %v", n, got)
				}
				answered.Add(1)
			}
		})
	}
	wg.Wait()
	if answered.Load() != 968 || crashed.Load() != 18 || late.Load() != 14 {
		t.Errorf("%d answered, %d crashed, %d late", answered.Load(), crashed.Load(), late.Load())
	}
}

func TestOutputIsPrefixedAndBounded(t *testing.T) {
	p, w := pool(t, goFunction(t), lambdaruntime.Options{})
	invoke[map[string]any](t, p, `{"do":"log","bytes":100000}`)
	w.await(t, "Go | three\n")
	text := w.String()
	if !strings.Contains(text, "Go | one\n") || !strings.Contains(text, "bytes more in this line") {
		t.Errorf("wrote %.200s", text)
	}
	for line := range strings.Lines(text) {
		if len(line) > 40<<10 {
			t.Errorf("a line has %d bytes", len(line))
		}
	}
}

func TestRefusedFunctions(t *testing.T) {
	f := goFunction(t)
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, head string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(head+strings.Repeat("\x00", 64)), mode); err != nil {
			t.Fatal(err)
		}
	}
	elf := func(machine byte) string {
		return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 11) + string([]byte{machine, 0})
	}
	other, name := byte(183), "arm64"
	if strings.HasSuffix(goPlatform(t), "arm64") {
		other, name = 62, "amd64"
	}
	write("foreign", 0o700, elf(other))
	write("mac", 0o700, "\xcf\xfa\xed\xfe")
	write("plain", 0o600, "#!/bin/sh\n")
	for _, c := range []struct {
		change func(*lambdaruntime.Function)
		want   string
	}{
		{func(f *lambdaruntime.Function) { f.Runtime = "java21" }, "function Go: runtime java21 is not supported as it is: give a command that starts it and speaks the Runtime API, -exec Go='command'"},
		{func(f *lambdaruntime.Function) { f.Runtime = "dotnet8" }, "runtime dotnet8 is not supported"},
		{func(f *lambdaruntime.Function) { f.Runtime = "ruby3.3" }, "runtime ruby3.3 is not supported"},
		{func(f *lambdaruntime.Function) { f.Runtime = "" }, "it has no Runtime"},
		{func(f *lambdaruntime.Function) { f.Runtime, f.Handler = "nodejs20.x", "" }, "it has no Handler"},
		{func(f *lambdaruntime.Function) { f.Dir = "missing" }, "its folder of code does not exist: "},
		{func(f *lambdaruntime.Function) { f.Dir, f.Handler = dir, "" }, "there is no file bootstrap in "},
		{func(f *lambdaruntime.Function) { f.Dir, f.Handler = dir, "foreign" }, "is built for linux/" + name + " and this machine is "},
		{func(f *lambdaruntime.Function) { f.Dir, f.Handler = dir, "mac" }, "is built for darwin/any processor and this machine is "},
		{func(f *lambdaruntime.Function) { f.Dir, f.Handler = dir, "plain" }, "is not executable: chmod +x "},
		{func(f *lambdaruntime.Function) { f.Command = []string{"no-such-program"} }, "its command can't be started"},
		{func(f *lambdaruntime.Function) { f.Name = "" }, "a function has no name"},
	} {
		f := f
		c.change(&f)
		if p, err := lambdaruntime.New(f, lambdaruntime.Options{}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("New(%+v) = %v, %v, want %q", f, p, err, c.want)
		}
	}
	t.Setenv("PATH", dir)
	for _, runtime := range []string{"nodejs22.x", "python3.13"} {
		f := lambdaruntime.Function{Name: "F", Runtime: runtime, Handler: "a.b", Dir: dir}
		if _, err := lambdaruntime.New(f, lambdaruntime.Options{}); err == nil || !strings.Contains(err.Error(), "runtime "+runtime+" is not installed (no ") {
			t.Errorf("without an interpreter: %v", err)
		}
	}
}

func goPlatform(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOARCH").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestInvokeDoesNotKeepTheEvent(t *testing.T) {
	p, _ := pool(t, goFunction(t), lambdaruntime.Options{})
	event, _ := json.Marshal(map[string]any{"n": 1})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = p.Invoke(ctx, event)
	clear(event)
	if got := invoke[map[string]any](t, p, `{"n":2}`); got["n"] != 2.0 {
		t.Errorf("answered %v", got)
	}
	if slices.ContainsFunc(event, func(b byte) bool { return b != 0 }) {
		t.Error("the event was written to")
	}
}
