package gateway_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// faulty starts a stage with faults and opens connections.
func faulty(t *testing.T, f gateway.Faults) (*stage, *backend) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect")
	cfg.Faults = f
	return serve(t, cfg), b
}

func TestFaults(t *testing.T) {
	t.Run("$disconnect is lost", func(t *testing.T) {
		s, b := faulty(t, gateway.Faults{DisconnectLost: 1})
		c := connect(t, s.URL)
		b.next()
		c.Conn.Close()
		s.Shutdown(t.Context())
		b.none()
	})
	t.Run("$disconnect comes twice", func(t *testing.T) {
		s, b := faulty(t, gateway.Faults{DisconnectTwice: 1})
		c := connect(t, s.URL)
		id := b.next().RequestContext.ConnectionID
		c.Conn.Close()
		for range 2 {
			if got := b.next().RequestContext; got.EventType != "DISCONNECT" || got.ConnectionID != id {
				t.Errorf("got %+v", got)
			}
		}
	})
	t.Run("a share of them is lost or doubled", func(t *testing.T) {
		s, b := faulty(t, gateway.Faults{DisconnectLost: 0.3, DisconnectTwice: 0.3, Seed: 7})
		for range 100 {
			c := connect(t, s.URL)
			b.next()
			c.Conn.Close()
		}
		s.Shutdown(t.Context())
		if n := len(b.events); n < 70 || n > 130 || n == 100 {
			t.Errorf("100 connections had %d $disconnects", n)
		}
	})
	t.Run("$disconnect comes late", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$connect", "$disconnect")
		cfg.Faults.DisconnectDelay = time.Minute
		bubble(t, cfg, func(t *testing.T, v *virtual) {
			c := v.connect("")
			b.next()
			c.Conn.Close()
			start := time.Now()
			v.Shutdown(context.Background())
			if took := time.Since(start); took != time.Minute || len(b.events) != 1 {
				t.Errorf("%d events after %v", len(b.events), took)
			}
		})
	})
	t.Run("$disconnect overtakes a message", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$default", "$disconnect")
		cfg.Faults.MessageDelay = time.Second
		bubble(t, cfg, func(t *testing.T, v *virtual) {
			c := v.connect("")
			c.Send("x")
			c.Conn.Close()
			time.Sleep(time.Minute)
			synctest.Wait()
			if first, second := b.next(), b.next(); first.RequestContext.EventType != "DISCONNECT" || second.RequestContext.EventType != "MESSAGE" {
				t.Errorf("%s came first", first.RequestContext.EventType)
			}
		})
	})
	t.Run("posts are slow", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$connect")
		cfg.Faults.PostDelay = 3 * time.Second
		bubble(t, cfg, func(t *testing.T, v *virtual) {
			start := time.Now()
			if status := v.manage("POST", unknownID, "x"); status != 410 || time.Since(start) != 3*time.Second {
				t.Errorf("answered %d after %v", status, time.Since(start))
			}
		})
	})
	t.Run("one post to a client that vanished is answered 200", func(t *testing.T) {
		s, b := faulty(t, gateway.Faults{GhostPosts: true})
		c := connect(t, s.URL)
		id := b.next().RequestContext.ConnectionID
		c.Conn.Close()
		b.next()
		for _, want := range []int{200, 410, 410} {
			if resp, _ := call(t, "POST", s.connection(id), []byte("x")); resp.StatusCode != want {
				t.Errorf("answered %s, want %d", resp.Status, want)
			}
		}
	})
	t.Run("the seed is logged", func(t *testing.T) {
		var log gatewaytest.Buffer
		gateway.New(gateway.Config{Faults: gateway.Faults{DisconnectLost: 0.5}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if !strings.Contains(log.String(), "seed=") {
			t.Errorf("logged %s", log.String())
		}
	})
}

func TestClockSpeed(t *testing.T) {
	bubble(t, gateway.Config{ClockSpeed: 60}, func(t *testing.T, v *virtual) {
		start := time.Now()
		v.connect("").wantCloseAfter(start, 10*time.Second)
	})
}

func TestLeakReport(t *testing.T) {
	release := make(chan struct{})
	leaky := gateway.HandlerFunc(func(context.Context, []byte) ([]byte, error) {
		go func() { <-release }()
		return []byte(ok), nil
	})
	var log gatewaytest.Buffer
	cfg := config(leaky, "$default")
	cfg.Routes["clean"] = echoRoutes("clean")["clean"]
	cfg.ReportLeaks, cfg.Logger = true, slog.New(slog.NewTextHandler(&log, nil))
	s := serve(t, cfg)
	c := connect(t, s.URL)
	c.Send(`{"action":"clean"}`)
	c.Message()
	c.Send("leak")
	c.wantOpen()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	close(release)
	if n := strings.Count(log.String(), "left a goroutine behind"); n != 1 || !strings.Contains(log.String(), "TestLeakReport") {
		t.Errorf("reported %d leaks:\n%s", n, log.String())
	}
}

func TestSignatures(t *testing.T) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect")
	cfg.Signatures = &gateway.Signatures{Keys: map[string]string{"AKIDEXAMPLE": "secret"}}
	s := serve(t, cfg)
	c := connect(t, s.URL)
	id := b.next().RequestContext.ConnectionID
	ctx := context.Background()
	if err := post(ctx, sdk(s), id, "signed"); err != nil {
		t.Error(err)
	}
	if got := c.Message(); got != "signed" {
		t.Errorf("the client got %q", got)
	}
	resp, body := call(t, "POST", s.connection(id), []byte("x"))
	wantError(t, resp, body, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`)
	for key, want := range map[string]string{"AKIDEXAMPLE": "InvalidSignatureException", "AKIDOTHER": "UnrecognizedClientException"} {
		wantCode(t, post(ctx, sdkWith(s, key, "wrong", "us-east-1"), id, "x"), want)
	}
	wantCode(t, post(ctx, sdkWith(s, "AKIDEXAMPLE", "secret", "eu-west-1"), id, "x"), "InvalidSignatureException")
	c.wantOpen()
}
