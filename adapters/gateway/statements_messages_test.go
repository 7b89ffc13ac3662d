package gateway_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// serviceFrame matches one of API Gateway's own messages, byte for byte but for the ids.
func serviceFrame(message string) *regexp.Regexp {
	return regexp.MustCompile(`^\{"message": "` + message + `", "connectionId":"([A-Za-z0-9_-]{15}=)", "requestId":"([A-Za-z0-9_-]{15}=)"\}$`)
}

var (
	internalError = serviceFrame("Internal server error")
	timedOut      = serviceFrame("Endpoint request timed out")
	tooMany       = serviceFrame("Too Many Requests")
)

// answered starts a stage whose route "r" answers so, with or without a route response.
func answered(t *testing.T, answer func(event) (string, error), reply bool) (*client, *backend) {
	t.Helper()
	b := newBackend(t, answer)
	s := serve(t, gateway.Config{Routes: map[string]gateway.Route{"r": {Handler: b, Reply: reply}}})
	return connect(t, s.URL), b
}

// TestReplyIsUTF8: a client closes a connection on which a text frame is anything else (RFC 6455, section 8.1).
func TestReplyIsUTF8(t *testing.T) {
	for answer, want := range map[string]string{
		"{\"statusCode\":200,\"body\":\"a\xed\xa0\x80z\"}":       "a\uFFFDz",
		"{\"statusCode\":200,\"body\":\"\\n\xffz\"}":             "\n\uFFFDz",
		"{\"statusCode\":200,\"body\":\"a\\ud800z\"}":            "a\uFFFDz",
		"{\"statusCode\":200,\"body\":\"\\ud83c\\udf89 whole\"}": "🎉 whole",
	} {
		c, _ := answered(t, always(answer), true)
		c.Send(toR)
		if got := c.Message(); got != want {
			t.Errorf("%q: got %q, want %q", answer, got, want)
		}
	}
}

const toR = `{"action":"r"}`

func TestStatementsMessages(t *testing.T) {
	t.Run("M01 without a RouteResponse the body is thrown away", func(t *testing.T) {
		c, b := answered(t, always(`{"statusCode":200,"body":"x"}`), false)
		c.Send(toR)
		b.next()
		c.wantOpen()
	})
	t.Run("M02 with a RouteResponse the body is a text frame", func(t *testing.T) {
		c, _ := answered(t, always(`{"statusCode":200,"body":"x <é>"}`), true)
		c.Send(toR)
		if got := c.Message(); got != "x <é>" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("M03 the status of a reply doesn't matter", func(t *testing.T) {
		c, _ := answered(t, always(`{"statusCode":500,"body":"x"}`), true)
		c.Send(toR)
		if got := c.Message(); got != "x" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("M04 Reply stands for both settings, the zero value for at most one", func(t *testing.T) {
		c, b := answered(t, always(`{"statusCode":500,"body":"x"}`), gateway.Route{}.Reply)
		c.Send(toR)
		b.next()
		c.wantOpen()
	})
	t.Run("M05 a status of 500 is invisible", func(t *testing.T) {
		c, b := answered(t, always(`{"statusCode":500}`), false)
		c.Send(toR)
		b.next()
		c.wantOpen()
	})
	t.Run("M06 a failure is an error frame, and the next message works", func(t *testing.T) {
		failed := false
		c, b := answered(t, func(event) (string, error) {
			if failed {
				return `{"statusCode":200,"body":"fine"}`, nil
			}
			failed = true
			return "", errors.New("secret")
		}, true)
		c.Send(toR)
		got, ctx := c.Message(), b.next().RequestContext
		if m := internalError.FindStringSubmatch(got); m == nil || m[1] != ctx.ConnectionID || m[2] != ctx.RequestID {
			t.Errorf("got %s for %+v", got, ctx)
		}
		c.Send(toR)
		if got := c.Message(); got != "fine" {
			t.Errorf("then got %q", got)
		}
	})
	t.Run("M07 a malformed answer is an error frame", func(t *testing.T) {
		for _, answer := range []string{`{"ConnectionId":"x","Data":"y","statusCode":200}`, `null`, `"x"`, `{"body":"x"}`, ``} {
			c, _ := answered(t, always(answer), false)
			c.Send(toR)
			if got := c.Message(); !internalError.MatchString(got) {
				t.Errorf("%s: got %s", answer, got)
			}
			c.wantOpen()
		}
	})
	t.Run("M08 a slow handler times out, and runs on", func(t *testing.T) {
		ended := make(chan struct{})
		b := newBackend(t, func(event) (string, error) {
			time.Sleep(time.Minute)
			close(ended)
			return `{"statusCode":200,"body":"late"}`, nil
		})
		bubble(t, gateway.Config{Routes: map[string]gateway.Route{"r": {Handler: b, Reply: true}}}, func(t *testing.T, v *virtual) {
			ended = make(chan struct{})
			c := v.connect("")
			start := time.Now()
			c.Send(toR)
			got := c.Message()
			if took := time.Since(start); !timedOut.MatchString(got) || took != 29*time.Second {
				t.Errorf("got %s after %v", got, took)
			}
			<-ended
			if took := time.Since(start); took != time.Minute {
				t.Errorf("the handler ended after %v", took)
			}
			c.wantOpen()
		})
	})
	t.Run("M09 a frame over 32 KB closes with 1009", func(t *testing.T) {
		c, b := answered(t, always(ok), true)
		c.Send(padded(32768))
		if e := b.next(); len(*e.Body) != 32768 {
			t.Errorf("%d bytes came", len(*e.Body))
		}
		c.Send(padded(32769))
		c.wantClose(1009, "")
		b.none()
	})
	t.Run("M10 100 KB in frames of 32 KB is one message", func(t *testing.T) {
		c, b := answered(t, always(ok), true)
		c.Fragments([]byte(padded(100<<10)), 32768)
		if e := b.next(); *e.Body != padded(100<<10) {
			t.Errorf("%d bytes came", len(*e.Body))
		}
		c.Fragments([]byte(padded(131072)), 32768)
		if e := b.next(); *e.Body != padded(131072) {
			t.Errorf("%d bytes came", len(*e.Body))
		}
	})
	t.Run("M11 a message over 128 KB closes with 1009", func(t *testing.T) {
		c, b := answered(t, always(ok), true)
		c.Fragments([]byte(padded(131073)), 20000)
		c.wantClose(1009, "")
		b.none()
	})
	t.Run("M12 a binary frame closes with 1003", func(t *testing.T) {
		for _, size := range []int{0, 1, 1000, 40000} {
			c, b := answered(t, always(ok), true)
			c.Frame(ws.OpBinary, true, make([]byte, size))
			c.wantClose(1003, "")
			b.none()
		}
	})
	t.Run("M13 a ping is answered, and nobody is invoked", func(t *testing.T) {
		c, b := answered(t, always(ok), true)
		c.wantOpen()
		c.Frame(ws.OpText, false, []byte(`{"action":`))
		c.wantOpen() // Between the frames of a message too.
		b.none()
		c.Frame(ws.OpContinuation, true, []byte(`"r"}`))
		b.next()
	})
	t.Run("M14 10 minutes of silence close with 1001", func(t *testing.T) {
		b := newBackend(t, always(ok))
		bubble(t, config(b, "$disconnect", "$default"), func(t *testing.T, v *virtual) {
			start := time.Now()
			c := v.connect("")
			time.Sleep(9 * time.Minute)
			c.Send("still here")
			b.next()
			c.wantCloseAfter(start, 19*time.Minute)
			ctx := b.next().RequestContext
			if ctx.DisconnectStatusCode != 1001 || *ctx.DisconnectReason != "Going away" {
				t.Errorf("DISCONNECT has %d %q", ctx.DisconnectStatusCode, *ctx.DisconnectReason)
			}
		})
	})
	t.Run("M15 posts keep a connection alive, until 2 hours", func(t *testing.T) {
		b := newBackend(t, always(ok))
		bubble(t, config(b, "$connect"), func(t *testing.T, v *virtual) {
			start := time.Now()
			c := v.connect("")
			id := b.next().RequestContext.ConnectionID
			for time.Since(start) < 110*time.Minute {
				time.Sleep(9*time.Minute + 30*time.Second)
				if status := v.manage("POST", id, "x"); status != 200 {
					t.Fatalf("after %v: POST answered %d", time.Since(start), status)
				}
				c.Message()
			}
			c.wantCloseAfter(start, 2*time.Hour)
		})
	})
	t.Run("M16 2 hours are the end, however busy", func(t *testing.T) {
		b := newBackend(t, always(ok))
		bubble(t, config(b, "$default", "$disconnect"), func(t *testing.T, v *virtual) {
			start := time.Now()
			c := v.connect("")
			for time.Since(start) < 2*time.Hour-time.Minute {
				time.Sleep(59 * time.Second)
				c.Send("x")
				b.next()
			}
			c.wantCloseAfter(start, 2*time.Hour)
			if e := b.next(); e.RequestContext.DisconnectStatusCode != 1001 {
				t.Errorf("event %s", e.raw)
			}
		})
	})
	t.Run("M17 a message that doesn't satisfy its model", func(t *testing.T) {
		b := newBackend(t, always(ok))
		s := serve(t, gateway.Config{Routes: map[string]gateway.Route{"r": {Handler: b, Validate: func(body []byte) error {
			if strings.Contains(string(body), "bad") {
				return errors.New("no")
			}
			return nil
		}}}})
		c := connect(t, s.URL)
		c.Send(`{"action":"r","bad":1}`)
		if got := c.Message(); !regexp.MustCompile(`^\{"message" : "Bad request body", "connectionId": "[^"]{16}", "messageId": "[^"]{16}"\}$`).MatchString(got) {
			t.Errorf("got %s", got)
		}
		b.none()
		c.Send(toR)
		b.next()
	})
}

// padded is a message for the route r with the size.
func padded(size int) string {
	const head, tail = `{"action":"r","pad":"`, `"}`
	return head + strings.Repeat("<", size-len(head)-len(tail)) + tail
}

// wantCloseAfter waits for the close frame of a connection that has had its time.
func (c *client) wantCloseAfter(start time.Time, want time.Duration) {
	c.T.Helper()
	_, err := c.Read(24 * time.Hour)
	if took := time.Since(start); took.Round(time.Second) != want {
		c.T.Errorf("closed after %v, want %v", took, want)
	}
	if err != (gatewaytest.ClosedError{Code: 1001, Reason: "Going away"}) {
		c.T.Errorf("at the end: %v", err)
	}
}
