package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/lambdaruntime"
	"wsecho/domain"
)

// idle is how long a connection may be silent on the way through a passage.
const (
	idle       = 200 * time.Millisecond
	freezings  = 10
	members    = 15
	connecting = `{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","stage":"dev","connectedAt":%d,
"requestId":"r","connectionId":"c%d","authorizer":{"user":"ada"}},"isBase64Encoded":false}`
	pushed = `{"Records":[{"messageId":"m%d","receiptHandle":"r","eventSource":"aws:sqs","attributes":{"SentTimestamp":"%d"},
"body":"{\"v\":1,\"audience\":\"everyone\",\"message\":\"tea\"}"}]}`
)

// passage passes connections on to a server, and ends those that are silent, as servers and what is in between do.
type passage struct {
	url string
	// forgets tells that a client learns of an end only by what becomes of its next request, as behind a NAT gateway.
	forgets      bool
	open, opened atomic.Int64
}

func newPassage(t *testing.T, to string, forgets bool) *passage {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &passage{url: "http://" + listener.Addr().String(), forgets: forgets}
	var passing sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); passing.Wait() })
	passing.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			passing.Go(func() { p.pass(conn.(*net.TCPConn), strings.TrimPrefix(to, "http://")) })
		}
	})
	return p
}

func (p *passage) pass(client *net.TCPConn, to string) {
	defer client.Close()
	p.open.Add(1)
	p.opened.Add(1)
	p.passOn(client, to)
	p.open.Add(-1)
	if p.forgets {
		_ = client.SetReadDeadline(time.Time{})
		_, _ = client.Read(make([]byte, 1))
		_ = client.SetLinger(0) // What follows is a reset.
	}
}

// passOn returns when the connection is silent.
func (p *passage) passOn(client net.Conn, to string) {
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	heard := func() {
		_ = client.SetReadDeadline(time.Now().Add(idle))
		_ = server.SetReadDeadline(time.Now().Add(idle))
	}
	var copying sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		copying.Go(func() { _, _ = io.Copy(way[0], hearing{way[1], heard}) })
	}
	copying.Wait()
}

// hearing calls a function before each reading.
type hearing struct {
	io.Reader
	heard func()
}

func (h hearing) Read(p []byte) (int, error) {
	h.heard()
	return h.Reader.Read(p)
}

// TestFrozenFunctions: functions of ours that are frozen for so long that their connections to DynamoDB, or to API
// Gateway, are closed meanwhile, serve the next event as if nothing had happened.
func TestFrozenFunctions(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("functions are frozen on Linux alone")
	}
	table := dynamodblocal.NewTable(t)
	for i := range members {
		c := domain.Connection{ID: fmt.Sprint("member-", i), ConnectedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
		if err := (dynamodb.Registry{Table: table}).Connect(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	var posts atomic.Int64
	callback := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/dev/@connections/") {
			posts.Add(1)
		}
	}))
	defer callback.Close()

	for name, forgets := range map[string]bool{"closed meanwhile": false, "found closed": true} {
		t.Run("DynamoDB "+name, func(t *testing.T) {
			table := dynamodblocal.NewTable(t)
			way := newPassage(t, dynamodblocal.Start(t), forgets)
			connect := newFrozen(t, "connect", way, "TABLE_NAME="+table.Name, "CONNECTIONS_PER_USER=0", "AWS_ENDPOINT_URL_DYNAMODB="+way.url)
			for i := range freezings {
				if answer := connect.invoke(t, fmt.Sprintf(connecting, time.Now().UnixMilli(), i)); !strings.Contains(answer, `"statusCode":200`) {
					t.Errorf("after %d freezings it answered %s", i, answer)
				}
				connect.freeze(t)
			}
		})
		t.Run("API Gateway "+name, func(t *testing.T) {
			way := newPassage(t, callback.URL, forgets)
			// A post that fails would go back to a queue that there is not.
			deliver := newFrozen(t, "deliver", way, "TABLE_NAME="+table.Name, "AWS_ENDPOINT_URL_DYNAMODB="+dynamodblocal.Start(t), "AWS_ENDPOINT_URL_SQS=http://127.0.0.1:1",
				"QUEUE_URL=q", "RETRY_QUEUE_URL=r", "DLQ_URL=d", "CALLBACK_URL="+way.url+"/dev", "CALLBACK_RATE=4000", "MAX_CONCURRENCY=3")
			for i := range freezings {
				before := posts.Load()
				if answer := deliver.invoke(t, fmt.Sprintf(pushed, i, time.Now().UnixMilli())); answer != `{"batchItemFailures":[]}` {
					t.Errorf("after %d freezings it answered %s", i, answer)
				}
				if got := posts.Load() - before; got != members {
					t.Errorf("after %d freezings %d posts to %d connections", i, got, members)
				}
				deliver.freeze(t)
			}
		})
	}
}

// frozen is a function whose one process is frozen between events.
type frozen struct {
	pool    *lambdaruntime.Pool
	way     *passage
	process atomic.Int64
}

func newFrozen(t *testing.T, name string, way *passage, env ...string) *frozen {
	t.Helper()
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "bootstrap"), "wsecho/functions/"+name)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f := &frozen{way: way}
	var err error
	f.pool, err = lambdaruntime.New(lambdaruntime.Function{
		Name: name, Runtime: "provided.al2023", Dir: folder, Timeout: 20 * time.Second, MaxProcesses: 1, Env: append(env, "LOG_LEVEL=INFO", "STACK_NAME=test"),
	}, lambdaruntime.Options{Logger: slog.New(f), Output: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.pool.Close(context.Background()) })
	return f
}

func (f *frozen) invoke(t *testing.T, event string) string {
	t.Helper()
	answer, err := f.pool.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// freeze waits until the process is frozen and all its connections are closed at their other end.
func (f *frozen) freeze(t *testing.T) {
	t.Helper()
	if f.way.opened.Load() == 0 {
		t.Fatal("it has made no connection")
	}
	until(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", f.process.Load()))
		if err != nil {
			t.Fatal(err)
		}
		_, state, _ := strings.Cut(string(stat), ") ")
		return state[0] == 'T' && f.way.open.Load() == 0
	})
}

// Enabled, Handle, WithAttrs and WithGroup implement slog.Handler: what a pool logs tells its process.
func (f *frozen) Enabled(context.Context, slog.Level) bool { return true }

func (f *frozen) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "process" {
			f.process.Store(a.Value.Int64())
		}
		return true
	})
	return nil
}

func (f *frozen) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f *frozen) WithGroup(string) slog.Handler      { return f }
