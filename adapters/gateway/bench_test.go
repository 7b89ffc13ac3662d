package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

// echoMessage is what the benchmarks send; the reply has the same text.
const echoMessage = `{"action":"echo","id":"1","data":{"text":"How vexingly quick daft zebras jump!"}}`

var echoFrame = ws.MustCompileFrame(ws.MaskFrameWith(ws.NewTextFrame([]byte(echoMessage)), [4]byte{1, 2, 3, 4}))

// fast is a client that spares the processor for the gateway.
type fast struct {
	nc net.Conn
	br *bufio.Reader
}

func dialFast(addr string) (*fast, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(nc, "GET /dev HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	br := bufio.NewReaderSize(nc, 512)
	resp, err := http.ReadResponse(br, nil)
	if err == nil && resp.StatusCode != 101 {
		err = fmt.Errorf("answered %s", resp.Status)
	}
	return &fast{nc, br}, err
}

// roundTrip sends a message and waits for its echo.
func (f *fast) roundTrip() error {
	if _, err := f.nc.Write(echoFrame); err != nil {
		return err
	}
	_, err := f.br.Discard(len(echoFrame) - 4) // The reply has no mask.
	return err
}

func fastClients(b *testing.B, n int, addr string) []*fast {
	b.Helper()
	clients := make([]*fast, n)
	for i := range clients {
		var err error
		if clients[i], err = dialFast(addr); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { clients[i].nc.Close() })
	}
	return clients
}

func echoStage(b testing.TB) string {
	s := serve(b, gateway.Config{Routes: echoRoutes("echo")})
	return strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws://"), "/dev")
}

func reportPercentiles(b *testing.B, took []time.Duration) {
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
}

// offered has the clients send, in turn, 1,000 messages a second, whether or not earlier ones were answered, and
// reports how long the answers took. Besides, it does something else for each message.
func offered(b *testing.B, clients []*fast, besides func(i int)) {
	b.Helper()
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	b.ResetTimer()
	start := time.Now()
	for i := range b.N {
		due := start.Add(time.Duration(i) * time.Millisecond)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			if err := clients[i%len(clients)].roundTrip(); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
		wg.Go(func() { besides(i) })
	}
	wg.Wait()
	b.StopTimer()
	reportPercentiles(b, took)
}

// BenchmarkCycles opens and closes connections, and reports how much the process grew.
func BenchmarkCycles(b *testing.B) {
	addr := echoStage(b)
	cycles(b, addr, 1000)
	before := settled()
	b.ResetTimer()
	cycles(b, addr, b.N)
	b.StopTimer()
	after := settled()
	b.ReportMetric(float64(after.heap-before.heap), "B-grown")
	b.ReportMetric(float64(after.goroutines-before.goroutines), "goroutines-grown")
}

// cycles opens and closes n connections, each after one message, twenty at a time.
func cycles(tb testing.TB, addr string, n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := cycle(addr); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func cycle(addr string) error {
	c, err := dialFast(addr)
	if err != nil {
		return err
	}
	defer c.nc.Close()
	if err := c.roundTrip(); err != nil {
		return err
	}
	if _, err := c.nc.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewCloseFrame(nil)))); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c.br)
	return err
}

// size is what a process has grown to.
type size struct {
	heap       int64
	goroutines int
}

// settled measures when everything has ended that was about to.
func settled() size {
	last := -1
	for n := runtime.NumGoroutine(); n != last; n = runtime.NumGoroutine() {
		last = n
		runtime.GC()
	}
	return size{leaktest.Heap(), runtime.NumGoroutine()}
}

// 10,000 connections leave nothing behind, but for the idle goroutines that twenty clients can make use of.
// BenchmarkCycles does the same with as many as one likes.
func TestNoGrowth(t *testing.T) {
	n := 10000
	if testing.Short() {
		n = 1000
	}
	addr := echoStage(t)
	cycles(t, addr, 500)
	before := settled()
	cycles(t, addr, n)
	after := settled()
	if grown := after.heap - before.heap; grown > 1<<20 || after.goroutines > before.goroutines+40 {
		t.Errorf("%d connections left %d bytes and %d goroutines behind", n, grown, after.goroutines-before.goroutines)
	}
}
