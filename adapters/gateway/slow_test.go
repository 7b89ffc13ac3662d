package gateway_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
)

// deaf makes a client's system buffers small, so that the gateway's own fills soon when the client doesn't read.
func (c *client) deaf() *client {
	c.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	c.Conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
	return c
}

// flood posts to a connection until it is told that the buffer is full, and returns how many posts were taken.
func flood(t testing.TB, s *stage, id string, data []byte) int {
	t.Helper()
	for n := range 10000 {
		switch resp, _ := call(t, "POST", s.connection(id), data); resp.StatusCode {
		case 200:
		case 429:
			if kind := resp.Header.Get("x-amzn-errortype"); kind != "LimitExceededException" {
				t.Errorf("x-amzn-errortype is %q", kind)
			}
			return n
		default:
			t.Fatalf("answered %s", resp.Status)
		}
	}
	t.Fatal("the buffer never filled")
	return 0
}

func TestSlowReader(t *testing.T) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect")
	cfg.Routes["echo"] = echoRoutes("echo")["echo"]
	s := serve(t, cfg)
	slow := connect(t, s.URL).deaf()
	slowID := b.next().RequestContext.ConnectionID
	other := connect(t, s.URL)
	otherID := b.next().RequestContext.ConnectionID

	data := []byte(strings.Repeat("x", 100<<10))
	taken := flood(t, s, slowID, data)
	t.Run("nobody else is affected", func(t *testing.T) {
		other.Send(`{"action":"echo"}`)
		other.Message()
		if resp, _ := call(t, "POST", s.connection(otherID), []byte("hi")); resp.StatusCode != 200 {
			t.Errorf("answered %s", resp.Status)
		}
		other.Message()
	})
	t.Run("what was taken arrives, and the buffer is free again", func(t *testing.T) {
		for range taken {
			if got := slow.Message(); len(got) != len(data) {
				t.Fatalf("got %d bytes", len(got))
			}
		}
		if resp, _ := call(t, "POST", s.connection(slowID), []byte("again")); resp.StatusCode != 200 {
			t.Errorf("answered %s", resp.Status)
		}
		if got := slow.Message(); got != "again" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("it can be closed", func(t *testing.T) {
		flood(t, s, slowID, data)
		start := time.Now()
		call(t, "DELETE", s.connection(slowID), nil)
		if e := b.next(); e.RequestContext.EventType != "DISCONNECT" {
			t.Errorf("event %s", e.raw)
		}
		s.Shutdown(t.Context())
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// A client that sends and never reads is not read from any more, and costs a bounded amount of memory.
func TestSenderThatNeverReads(t *testing.T) {
	cfg := gateway.Config{Routes: echoRoutes("r"), Limits: gateway.Limits{InFlight: 10, SendBuffer: 64 << 10}}
	s := serve(t, cfg)
	c := connect(t, s.URL).deaf()
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(padded(32768)))))
	sent := 0
	for ; ; sent++ {
		c.Conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := c.Conn.Write(frame); err != nil {
			break // Pushed back: the system's buffers are full.
		}
		if sent > 5000 {
			t.Fatal("160 MB were taken from a client that doesn't read")
		}
	}
	connect(t, s.URL).wantOpen()
	for range sent {
		if got := c.Message(); got != padded(32768) {
			t.Fatalf("got %d bytes", len(got))
		}
	}
}

// A handler that hangs doesn't keep a shutdown for ever.
func TestShutdownGivesUp(t *testing.T) {
	started, cancelled := make(chan struct{}), make(chan struct{})
	hangs := gateway.HandlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(started)
		<-ctx.Done()
		close(cancelled)
		return nil, ctx.Err()
	})
	s := serve(t, gateway.Config{Routes: routes(hangs, "$default")})
	connect(t, s.URL).Send("x")
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v", err)
	}
	<-cancelled
}

// Posts, deletes, messages and closes from all sides at once: run with -race.
func TestEverythingAtOnce(t *testing.T) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect")
	cfg.Routes["r"] = echoRoutes("r")["r"]
	s := serve(t, cfg)
	var wg sync.WaitGroup
	for range 20 {
		c := connect(t, s.URL)
		id := b.next().RequestContext.ConnectionID
		wg.Go(func() {
			for range 20 {
				c.Send(toR)
			}
			c.Frame(ws.OpClose, true, nil)
		})
		wg.Go(func() {
			for {
				if _, err := c.Next(); err != nil {
					return
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				call(t, "POST", s.connection(id), []byte("x"))
				call(t, "GET", s.connection(id), nil)
			}
			call(t, "DELETE", s.connection(id), nil)
		})
	}
	wg.Wait()
	s.Shutdown(t.Context())
	if n := len(b.events); n != 20 {
		t.Errorf("%d $disconnects for 20 connections", n)
	}
}

// BenchmarkSlowReader measures everybody else's latency with and without clients that don't read while they are
// posted to all the time.
func BenchmarkSlowReader(b *testing.B) {
	for name, slow := range map[string]int{"without": 0, "with": 3} {
		b.Run(name, func(b *testing.B) {
			back := newBackend(b, always(ok))
			cfg := config(back, "$connect")
			cfg.Routes["echo"] = echoRoutes("echo")["echo"]
			s := serve(b, cfg)
			clients := fastClients(b, 100, strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws://"), "/dev"))
			var ids []string
			for range slow {
				connect(b, s.URL).deaf()
			}
			for range 100 + slow {
				ids = append(ids, back.next().RequestContext.ConnectionID)
			}
			for _, id := range ids[100:] {
				flood(b, s, id, []byte(strings.Repeat("x", 100<<10)))
			}
			offered(b, clients, func(i int) {
				if i%10 == 0 { // The posts go to the slow ones or, without them, nowhere.
					call(b, "POST", s.connection(append(ids[100:], unknownID)[0]), []byte("x"))
				}
			})
		})
	}
}
