// Package testserver starts the servers that tests need, each on a free port of the loopback interface, and makes
// sure that none outlives the test binary, whatever way that ends: tests done, a panic, -timeout, SIGKILL.
//
// A test binary that imports this package can run as the supervisor of a server: see supervisor.go.
package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server says how to start a server.
type Server struct {
	// Name is what messages call the server.
	Name string
	// Command returns the program and its arguments that make the server listen on a TCP port.
	Command func(port int) []string
	// Dir is the working directory of the command; empty is that of the test.
	Dir string
	// Ready returns nil once the server at a base URL does its work. Its ctx ends after a second, after which it is
	// asked again. Nil: any HTTP response to GET / will do.
	Ready func(ctx context.Context, url string) error
	// Timeout is how long a start may take; zero is a minute, because machines that run tests are busy.
	Timeout time.Duration
}

const (
	// starts is how often a server that exits before it is ready is started, each time on another port: somebody
	// may have taken the first one.
	starts = 5
	// interval is how long to wait between two questions whether a server is ready.
	interval = 50 * time.Millisecond
)

// errExited means that a server ended before it was ready.
var errExited = errors.New("it exited")

// Start starts the server and returns its base URL, http://127.0.0.1:port, once it is ready. The server then runs
// until the test binary ends; wrap Start in sync.OnceValues to share one server between tests.
//
// An error carries the end of what the server wrote.
func (s Server) Start() (url string, err error) {
	for range starts {
		var p *process
		if p, url, err = s.launch(); err != nil {
			break
		}
		if err = s.await(p, url); err == nil {
			keep(p)
			return url, nil
		}
		err = fmt.Errorf("%w\n%s", err, p.stop())
		if !errors.Is(err, errExited) {
			break
		}
	}
	return "", fmt.Errorf("starting %s: %w", s.Name, err)
}

func (s Server) launch() (*process, string, error) {
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	p, err := supervised(s.Command(port), s.Dir)
	return p, fmt.Sprintf("http://127.0.0.1:%d", port), err
}

// freePort finds a port that nobody listens on. Somebody may take it before the server does; then the server exits,
// and Start tries another.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// await returns when the server is ready, has exited, or is out of time.
func (s Server) await(p *process, url string) error {
	timeout, ready := s.Timeout, s.Ready
	if timeout == 0 {
		timeout = time.Minute
	}
	if ready == nil {
		ready = answers
	}
	for end := time.Now().Add(timeout); time.Now().Before(end); {
		if !p.aliveAfter(interval) {
			return errExited
		}
		if ask(ready, url) == nil {
			return nil
		}
	}
	return fmt.Errorf("it was not ready after %v", timeout)
}

func ask(ready func(context.Context, string) error, url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return ready(ctx, url)
}

// answers is ready as soon as the server speaks HTTP. It leaves no connection behind, nor its goroutines.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
