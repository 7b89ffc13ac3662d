package gateway_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
)

// asked is how many messages a client of these tests sends.
const asked = 1000

// deafened is a gateway with a client whose outbox is full and that has then sent many messages. It returns the client
// and how many of the messages have reached their handler.
func deafened(t *testing.T, v *virtual, b *backend, handled *atomic.Int64) *client {
	t.Helper()
	c := v.connect("")
	id := b.next().RequestContext.ConnectionID
	full := false
	for n := 0; n < 100 && !full; n++ {
		full = v.manage("POST", id, strings.Repeat("x", 30<<10)) == 429
	}
	if !full {
		t.Fatal("the buffer never filled")
	}
	frame := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte(toR))))
	go func() {
		for range asked {
			if _, err := c.Conn.Write(frame); err != nil {
				return
			}
		}
	}()
	synctest.Wait()
	if n := handled.Load(); n > 0 {
		t.Errorf("%d of %d messages were begun for a client that reads nothing", n, asked)
	}
	return c
}

// TestFullOutbox holds the gateway to not reading from a client as long as that reads too little itself: whoever asks
// and never listens costs no more than what is there already.
func TestFullOutbox(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, c *client, b *backend, handled *atomic.Int64){
		"nothing is lost when it reads at last": func(t *testing.T, c *client, _ *backend, handled *atomic.Int64) {
			for replies := 0; replies < asked; {
				if c.Message() == toR {
					replies++
				}
			}
			if n := handled.Load(); n != asked {
				t.Errorf("%d messages of %d were handled", n, asked)
			}
		},
		"it is gone when it vanishes": func(t *testing.T, c *client, b *backend, _ *atomic.Int64) {
			c.Conn.Close()
			synctest.Wait()
			if e := b.next(); e.RequestContext.DisconnectStatusCode != 1006 {
				t.Errorf("event %s", e.raw)
			}
		},
		"it is idle after 10 minutes": func(t *testing.T, _ *client, b *backend, _ *atomic.Int64) {
			time.Sleep(10*time.Minute + time.Second)
			synctest.Wait()
			if e := b.next(); e.RequestContext.DisconnectStatusCode != 1001 {
				t.Errorf("event %s", e.raw)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var handled atomic.Int64
			b := newBackend(t, always(ok))
			cfg := config(b, "$connect", "$disconnect")
			cfg.Limits = gateway.Limits{SendBuffer: 100 << 10}
			cfg.Routes["r"] = gateway.Route{Reply: true, Handler: counting(&handled, echo)}
			bubble(t, cfg, func(t *testing.T, v *virtual) { test(t, deafened(t, v, b, &handled), b, &handled) })
		})
	}
}

// TestShutdownWithoutAnswer holds a shutdown to not waiting for clients that read the close frame and never answer it.
func TestShutdownWithoutAnswer(t *testing.T) {
	bubble(t, gateway.Config{}, func(t *testing.T, v *virtual) {
		for range 10 {
			go io.Copy(io.Discard, v.connect("").Conn)
		}
		began := time.Now()
		v.Shutdown(t.Context())
		if took := time.Since(began); took > time.Second/2 {
			t.Errorf("the shutdown took %v", took)
		}
	})
}

// counting counts the calls of a handler.
func counting(n *atomic.Int64, h gateway.Handler) gateway.Handler {
	return gateway.HandlerFunc(func(ctx context.Context, event []byte) ([]byte, error) {
		n.Add(1)
		return h.Invoke(ctx, event)
	})
}
