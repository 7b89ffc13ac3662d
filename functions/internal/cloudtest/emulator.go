package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// starts is how often the emulator is started, each time on another port, if it ends before it is ready:
	// somebody else may have taken the port.
	starts = 3
	// startTimeout is how long one start may take.
	startTimeout = 30 * time.Second
)

// emulator is an emulated AWS in a process of its own.
type emulator struct {
	python string // of the virtual environment that has it
	root   string // of the module
	work   string // folder for what it writes

	url     string // once it runs
	process *exec.Cmd
	leash   io.Closer // its standard input: it ends when that does, and so not later than this process
	ended   chan struct{}
}

// start starts the emulator and returns when it is ready.
func (e *emulator) start(ctx context.Context, log io.Writer) (err error) {
	for range starts {
		if err = e.launch(log); err != nil {
			return err
		}
		if err = e.await(ctx); err == nil {
			return nil
		}
		e.stop()
	}
	return err
}

func (e *emulator) launch(log io.Writer) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	home := filepath.Join(e.work, "emulator")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	e.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	// Not ended by a context: it serves `sam delete` and the logs to the last.
	e.process = command(context.Background(), log, e.python, filepath.Join(e.root, "functions/internal/cloudtest/emulator.py"))
	// The functions inherit this environment, hence nothing of ours but PATH.
	e.process.Env = append(e.settings(), "PATH="+os.Getenv("PATH"), "HOME="+home, "TMPDIR="+home,
		// Without the first two it listens on every interface.
		"BIND_HOST=127.0.0.1", "MINISTACK_HOST=localhost", fmt.Sprint("GATEWAY_PORT=", port),
		"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0")
	if e.leash, err = e.process.StdinPipe(); err != nil {
		return err
	}
	if err := e.process.Start(); err != nil {
		return err
	}
	e.ended = make(chan struct{})
	go func() {
		_ = finish(e.process)
		close(e.ended)
	}()
	return nil
}

// settings are the environment variables that lead any SDK, the functions' and the tools', to the emulator.
func (e *emulator) settings() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + e.url,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	}
}

// await returns when the emulator answers.
func (e *emulator) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if e.healthy(ctx) {
			return nil
		}
		select {
		case <-e.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (e *emulator) healthy(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url+"/_ministack/health", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the emulator and the functions in it. It may be called at any time.
func (e *emulator) stop() {
	if e.ended == nil {
		return
	}
	_ = e.leash.Close()
	select {
	case <-e.ended:
	case <-time.After(farewell):
		_ = e.process.Process.Kill()
		<-e.ended
	}
}

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
