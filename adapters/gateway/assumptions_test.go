package gateway_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// What is assumed, and what the switches change. U05 and U06 are in TestAssumedRouting.
func TestAssumptions(t *testing.T) {
	t.Run("U01 messages overlap, and start in order", func(t *testing.T) {
		started, release := make(chan string, 100), make(chan struct{})
		b := newBackend(t, func(e event) (string, error) {
			started <- *e.Body
			<-release
			return ok, nil
		})
		c := connect(t, serve(t, config(b, "$default")).URL)
		for i := range 20 {
			c.Send(itoa(i))
			if got := <-started; got != itoa(i) {
				t.Errorf("message %s started, want %d", got, i)
			}
		}
		close(release)
	})
	t.Run("U01 one after the other", func(t *testing.T) {
		var running, most int
		var mu sync.Mutex
		b := newBackend(t, func(e event) (string, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return `{"statusCode":200,"body":"` + *e.Body + `"}`, nil
		})
		cfg := gateway.Config{Routes: map[string]gateway.Route{"$default": {Handler: b, Reply: true}}, Assumptions: gateway.Assumptions{SerialMessages: true}}
		bubble(t, cfg, func(t *testing.T, v *virtual) {
			c := v.connect("")
			go func() {
				for i := range 5 {
					c.Send(itoa(i))
				}
			}()
			for i := range 5 {
				if got := c.Message(); got != itoa(i) {
					t.Errorf("got the reply %s, want %d", got, i)
				}
			}
			if most != 1 {
				t.Errorf("%d messages ran at the same time", most)
			}
		})
	})
	t.Run("U02 pings and the idle timer", func(t *testing.T) {
		for keep, want := range map[bool]time.Duration{false: 10 * time.Minute, true: 15 * time.Minute} {
			cfg := gateway.Config{Assumptions: gateway.Assumptions{PingsKeepAlive: keep}}
			bubble(t, cfg, func(t *testing.T, v *virtual) {
				start := time.Now()
				c := v.connect("")
				time.Sleep(5 * time.Minute)
				c.wantOpen()
				c.wantCloseAfter(start, want)
			})
		}
	})
	t.Run("U03 throttled messages", func(t *testing.T) {
		cfg := gateway.Config{Routes: echoRoutes("$default"), Limits: gateway.Limits{MessagesPerSecond: 1e-9, MessageBurst: 1}}
		c := connect(t, serve(t, cfg).URL)
		c.Send("1")
		c.Message()
		c.Send("2")
		if got := c.Message(); !tooMany.MatchString(got) {
			t.Errorf("got %s", got)
		}
		c.wantOpen()
		cfg.Assumptions.ThrottleCloses = true
		c = connect(t, serve(t, cfg).URL)
		c.Send("1")
		c.Message()
		c.Send("2")
		c.wantClose(1008, "")
	})
	t.Run("U04 close frames", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$connect")
		cfg.Assumptions = gateway.Assumptions{DeleteClose: gateway.Close{Code: 1005}, CloseReasons: map[int]string{1009: "Message too big"}}
		s := serve(t, cfg)
		c := connect(t, s.URL)
		call(t, "DELETE", s.connection(b.next().RequestContext.ConnectionID), nil)
		c.wantClose(1005, "")
		c = connect(t, s.URL)
		c.Send(strings.Repeat("x", 40000))
		c.wantClose(1009, "Message too big")
	})
	t.Run("U07 $connect times out", func(t *testing.T) {
		b := newBackend(t, func(event) (string, error) { time.Sleep(time.Minute); return ok, nil })
		for status, want := range map[int]int{0: 504, 500: 500} {
			cfg := config(b, "$connect")
			cfg.Assumptions.ConnectTimeoutStatus = status
			bubble(t, cfg, func(t *testing.T, v *virtual) {
				start := time.Now()
				resp := v.handshake("").Response
				if took := time.Since(start); resp.StatusCode != want || took != 29*time.Second {
					t.Errorf("answered %s after %v", resp.Status, took)
				}
			})
		}
	})
	t.Run("U08 bodies of refusals", func(t *testing.T) {
		s := serve(t, gateway.Config{Assumptions: gateway.Assumptions{EmptyRefusals: true}, Routes: routes(newBackend(t, throws("x")), "$connect")})
		if body := gatewaytest.Refused(t, 502, s.URL); body != "" {
			t.Errorf("the body is %q", body)
		}
	})
	t.Run("U09 the client's own close codes", func(t *testing.T) {
		own := func(c *client) { c.Frame(ws.OpClose, true, ws.NewCloseFrameBody(4001, "bye")) }
		wantDisconnect(t, 4001, "bye", own)
		wantDisconnect(t, 1000, "done", func(c *client) { c.Frame(ws.OpClose, true, ws.NewCloseFrameBody(1000, "done")) })
		b := newBackend(t, always(ok))
		cfg := config(b, "$disconnect")
		cfg.Assumptions.HideClientClose = true
		own(connect(t, serve(t, cfg).URL))
		if got := b.next().RequestContext.DisconnectStatusCode; got != 1005 {
			t.Errorf("DISCONNECT has %d", got)
		}
	})
	t.Run("U10 malformed UTF-8", func(t *testing.T) {
		for code, want := range map[int]int{0: 1007, 1003: 1003} {
			s := serve(t, gateway.Config{Assumptions: gateway.Assumptions{BadUTF8Code: code}})
			c := connect(t, s.URL)
			c.Frame(ws.OpText, true, []byte("a\xc3\x28"))
			c.wantClose(want, "")
			c = connect(t, s.URL)
			c.Frame(ws.OpText, false, []byte("a\xc3")) // The rest of the rune may follow.
			c.wantOpen()
			c.Frame(ws.OpContinuation, true, nil)
			c.wantClose(want, "")
		}
	})
	t.Run("U11 a plain GET", func(t *testing.T) {
		for status, want := range map[int]int{0: 426, 403: 403} {
			s := serve(t, gateway.Config{Assumptions: gateway.Assumptions{PlainGetStatus: status}})
			if resp, _ := call(t, "GET", s.Endpoint, nil); resp.StatusCode != want {
				t.Errorf("answered %s, want %d", resp.Status, want)
			}
		}
	})
	t.Run("U12 stage variables and typed context", func(t *testing.T) {
		authorizer, b := newBackend(t, always(verdict(statement("Allow", "*"), `{"n":1.5,"b":true}`))), newBackend(t, always(ok))
		cfg := config(b, "$connect")
		cfg.Authorizer = &gateway.Authorizer{Handler: authorizer}
		connect(t, serve(t, cfg).URL)
		if e := b.next(); strings.Contains(e.raw, "stageVariables") {
			t.Errorf("event %s", e.raw)
		}
		if e := authorizer.next(); !strings.Contains(e.raw, `"stageVariables":{}`) {
			t.Errorf("event %s", e.raw)
		}
		cfg.Assumptions = gateway.Assumptions{TypedContext: true, AlwaysStageVariables: true}
		connect(t, serve(t, cfg).URL)
		if e := b.next(); e.RequestContext.Authorizer["n"] != 1.5 || e.RequestContext.Authorizer["b"] != true || !strings.Contains(e.raw, `"stageVariables":{}`) {
			t.Errorf("event %s", e.raw)
		}
		cfg.StageVariables = map[string]string{"a": "b"}
		connect(t, serve(t, cfg).URL)
		if e := b.next(); e.StageVariables["a"] != "b" {
			t.Errorf("event %s", e.raw)
		}
	})
	t.Run("U13 repeated headers", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$connect")
		cfg.Assumptions.FirstHeaderWins = true
		connect(t, serve(t, cfg).URL, "X-A: 1", "X-A: 2")
		if got := b.next().Headers["X-A"]; got != "1" {
			t.Errorf("X-A is %q", got)
		}
	})
	t.Run("U14 ids of elsewhere", func(t *testing.T) {
		s := serve(t, gateway.Config{Assumptions: gateway.Assumptions{UnknownIDStatus: 403}})
		resp, body := call(t, "POST", s.connection(unknownID), []byte("x"))
		wantError(t, resp, body, 403, "ForbiddenException", `{"message":"Forbidden"}`)
	})
	t.Run("U15 posts that are empty or not UTF-8", func(t *testing.T) {
		s, c, _, id := opened(t)
		call(t, "POST", s.connection(id), nil)
		c.wantOpen()
		if resp, _ := call(t, "POST", s.connection(id), []byte("a\xffb")); resp.StatusCode != 200 {
			t.Errorf("answered %s", resp.Status)
		}
		if got := c.Message(); got != "a\uFFFDb" {
			t.Errorf("the client got %q", got)
		}
		b := newBackend(t, always(ok))
		cfg := config(b, "$connect")
		cfg.Assumptions = gateway.Assumptions{EmptyPosts: true, RejectBadUTF8Posts: true}
		s = serve(t, cfg)
		c = connect(t, s.URL)
		id = b.next().RequestContext.ConnectionID
		call(t, "POST", s.connection(id), nil)
		if got := c.Message(); got != "" {
			t.Errorf("the client got %q", got)
		}
		if resp, _ := call(t, "POST", s.connection(id), []byte("a\xffb")); resp.StatusCode != 400 {
			t.Errorf("answered %s", resp.Status)
		}
	})
	t.Run("U16 case of header names in identity sources", func(t *testing.T) {
		cfg := gateway.Config{
			Authorizer:  &gateway.Authorizer{Handler: newBackend(t, always(verdict(statement("Allow", "*"), `{}`))), IdentitySources: []string{"route.request.header.Auth"}},
			Assumptions: gateway.Assumptions{ExactHeaderSources: true},
		}
		s := serve(t, cfg)
		gatewaytest.Refused(t, 401, s.URL, "auth: x")
		connect(t, s.URL, "Auth: x")
	})
	t.Run("U17 an authorizer that returns more than 8 KB", func(t *testing.T) {
		for status, want := range map[int]int{0: 500, 403: 403} {
			big := newBackend(t, always(verdict(statement("Allow", "*"), `{"a":"`+strings.Repeat("x", 8192)+`"}`)))
			s := serve(t, gateway.Config{Authorizer: &gateway.Authorizer{Handler: big}, Assumptions: gateway.Assumptions{BigAuthorizerStatus: status}})
			gatewaytest.Refused(t, want, s.URL)
		}
	})
	t.Run("U18 too many connects", func(t *testing.T) {
		s := serve(t, gateway.Config{Limits: gateway.Limits{ConnectsPerSecond: 1e-9}})
		connect(t, s.URL)
		gatewaytest.Refused(t, 429, s.URL)
	})
	t.Run("U19 what the frame limit counts", func(t *testing.T) {
		b := newBackend(t, always(ok))
		cfg := config(b, "$default")
		cfg.Assumptions.CountCompressed = true
		s := serve(t, cfg)
		connect(t, s.URL, offer).compressed(strings.Repeat("x", 100<<10))
		b.next()
		c := connect(t, s.URL, offer)
		c.compressed(strings.Repeat("x", 131073))
		c.wantClose(1009, "")
		c = connect(t, serve(t, config(b, "$default")).URL, offer)
		c.compressed(strings.Repeat("x", 32769))
		c.wantClose(1009, "")
	})
	t.Run("U20 $disconnect while a message is handled", func(t *testing.T) {
		for _, waits := range []bool{false, true} {
			var order chan string
			b := newBackend(t, func(e event) (string, error) {
				if e.RequestContext.EventType == "MESSAGE" {
					time.Sleep(time.Second)
				}
				order <- e.RequestContext.EventType
				return ok, nil
			})
			cfg := config(b, "$default", "$disconnect")
			cfg.Assumptions.DisconnectWaits = waits
			bubble(t, cfg, func(t *testing.T, v *virtual) {
				order = make(chan string, 2) // Of this bubble, or waiting for it would stop the time.
				c := v.connect("")
				c.Send("x")
				synctest.Wait()
				c.Conn.Close()
				if first := <-order; (first == "MESSAGE") != waits {
					t.Errorf("DisconnectWaits %v: %s ended first", waits, first)
				}
				<-order
			})
		}
	})
}

const offer = "Sec-WebSocket-Extensions: permessage-deflate"

// compressed sends a message in one compressed frame.
func (c *client) compressed(text string) {
	c.T.Helper()
	payload := deflated(text)
	c.Raw(ws.Frame{Header: ws.Header{Fin: true, Rsv: 0b100, OpCode: ws.OpText, Length: int64(len(payload))}, Payload: payload})
}

// The first time that the gateway assumes something, it says so in a sentence, and once only.
func TestAssumptionsAreLogged(t *testing.T) {
	var log gatewaytest.Buffer
	s := serve(t, gateway.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	for range 3 {
		if resp, _ := call(t, "GET", s.Endpoint, nil); resp.StatusCode != http.StatusUpgradeRequired {
			t.Errorf("answered %s", resp.Status)
		}
	}
	if n := strings.Count(log.String(), `"msg":"AWS may differ: a GET without an upgrade gets this status","code":426,"assumption":"PlainGetStatus"`); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}
