package gateway_test

import (
	"encoding/json"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
)

var awsID = regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`)

// recorded starts a stage that records connects, messages and disconnects.
func recorded(t *testing.T) (*stage, *backend) {
	b := newBackend(t, always(ok))
	return serve(t, config(b, "$connect", "$disconnect", "$default")), b
}

// keys returns the names of an object's members, sorted.
func keys(t *testing.T, raw string) []string {
	return slices.Sorted(maps.Keys(object(t, raw)))
}

func TestStatementsEvents(t *testing.T) {
	t.Run("E01 members of a CONNECT event", func(t *testing.T) {
		s, b := recorded(t)
		connect(t, s.URL+"?a=1", "User-Agent: test")
		e := b.next()
		want := []string{"headers", "isBase64Encoded", "multiValueHeaders", "multiValueQueryStringParameters", "queryStringParameters", "requestContext"}
		if got := keys(t, e.raw); !slices.Equal(got, want) {
			t.Errorf("the event has %v, want %v", got, want)
		}
		wantContextKeys(t, e)
		for _, name := range []string{"Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "User-Agent", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"} {
			if e.Headers[name] == "" || len(e.Multi[name]) != 1 {
				t.Errorf("the header %s is missing", name)
			}
		}
	})
	t.Run("E02 the query string", func(t *testing.T) {
		s, b := recorded(t)
		connect(t, s.URL)
		if e := b.next(); strings.Contains(e.raw, "ueryStringParameters") {
			t.Errorf("without a query string: %s", e.raw)
		}
		connect(t, s.URL+"?a=1&a=2&b=%C3%A9+x")
		if e := b.next(); e.Query["a"] != "2" || !slices.Equal(e.MultiQuery["a"], []string{"1", "2"}) || e.Query["b"] != "é x" {
			t.Errorf("query %v, %v", e.Query, e.MultiQuery)
		}
	})
	t.Run("E03 headers keep their case, and those of the hop are left out", func(t *testing.T) {
		s, b := recorded(t)
		connect(t, s.URL, "X-My-Header: 1", "x-lower: 2", "X-UPPER: 3", "x-lower: 4")
		e := b.next()
		if e.Headers["X-My-Header"] != "1" || e.Headers["X-UPPER"] != "3" || e.Headers["x-lower"] != "4" || !slices.Equal(e.Multi["x-lower"], []string{"2", "4"}) {
			t.Errorf("headers %v, %v", e.Headers, e.Multi)
		}
		for name := range e.Headers {
			if slices.Contains([]string{"connection", "upgrade", "content-length"}, strings.ToLower(name)) {
				t.Errorf("the header %s is there", name)
			}
		}
		if e.Headers["Host"] != e.RequestContext.DomainName {
			t.Errorf("Host is %q, domainName %q", e.Headers["Host"], e.RequestContext.DomainName)
		}
	})
	t.Run("E04 members of a MESSAGE event", func(t *testing.T) {
		s, b := recorded(t)
		c := connect(t, s.URL)
		b.next()
		c.Send(`hi <&> "é"`)
		e := b.next()
		if got, want := keys(t, e.raw), []string{"body", "isBase64Encoded", "requestContext"}; !slices.Equal(got, want) {
			t.Errorf("the event has %v, want %v", got, want)
		}
		wantContextKeys(t, e, "messageId")
		if *e.Body != `hi <&> "é"` || e.RequestContext.MessageDirection != "IN" || object(t, e.raw)["isBase64Encoded"] != false {
			t.Errorf("event %s", e.raw)
		}
	})
	t.Run("E05 ids", func(t *testing.T) {
		s, b := recorded(t)
		c := connect(t, s.URL)
		c.Send("1")
		c.Send("2")
		c.Frame(ws.OpClose, true, nil)
		seen := map[string]bool{}
		for range 4 {
			ctx := b.next().RequestContext
			if !awsID.MatchString(ctx.ConnectionID) || ctx.RequestID != ctx.ExtendedRequestID {
				t.Errorf("ids %+v", ctx)
			}
			for _, id := range []string{ctx.RequestID, ctx.MessageID} {
				if id != "" && (!awsID.MatchString(id) || seen[id]) {
					t.Errorf("the id %q is malformed or not new", id)
				}
				seen[id] = true
			}
		}
	})
	t.Run("E06 connectedAt is the same in all events", func(t *testing.T) {
		b := newBackend(t, always(ok))
		bubble(t, config(b, "$connect", "$disconnect", "$default"), func(t *testing.T, v *virtual) {
			at := time.Now().UnixMilli()
			c := v.connect("")
			first := b.next().RequestContext
			time.Sleep(time.Minute)
			c.Send("1")
			second := b.next().RequestContext
			if first.ConnectedAt != at || second.ConnectedAt != at || second.RequestTimeEpoch != at+60000 {
				t.Errorf("connected at %d: %+v, %+v", at, first, second)
			}
		})
	})
	t.Run("E07 requestTime is the Common Log Format in UTC", func(t *testing.T) {
		s, b := recorded(t)
		connect(t, s.URL)
		ctx := b.next().RequestContext
		at, err := time.Parse("02/Jan/2006:15:04:05 +0000", ctx.RequestTime)
		if err != nil || at.Unix() != ctx.RequestTimeEpoch/1000 {
			t.Errorf("requestTime %q, requestTimeEpoch %d", ctx.RequestTime, ctx.RequestTimeEpoch)
		}
	})
	t.Run("E08 identity", func(t *testing.T) {
		s, b := recorded(t)
		connect(t, s.URL)
		if id := b.next().RequestContext.Identity; len(id) != 1 || id["sourceIp"] != "127.0.0.1" {
			t.Errorf("without a User-Agent: %v", id)
		}
		connect(t, s.URL, "User-Agent: curl/8")
		if id := b.next().RequestContext.Identity; len(id) != 2 || id["userAgent"] != "curl/8" {
			t.Errorf("with a User-Agent: %v", id)
		}
	})
	t.Run("E09 closed without a code", func(t *testing.T) {
		wantDisconnect(t, 1005, "Client-side close frame status not set", func(c *client) { c.Frame(ws.OpClose, true, nil) })
	})
	t.Run("E10 closed with 1001 and without a reason", func(t *testing.T) {
		wantDisconnect(t, 1001, "", func(c *client) { c.Frame(ws.OpClose, true, ws.NewCloseFrameBody(1001, "")) })
	})
	t.Run("E11 TCP reset", func(t *testing.T) {
		wantDisconnect(t, 1006, "", func(c *client) {
			c.Conn.(*net.TCPConn).SetLinger(0)
			c.Conn.Close()
		})
		wantDisconnect(t, 1006, "", func(c *client) { c.Conn.Close() })
	})
	t.Run("E12 members of a DISCONNECT event", func(t *testing.T) {
		s, b := recorded(t)
		c := connect(t, s.URL)
		b.next()
		c.Conn.Close()
		e := b.next()
		if got, want := keys(t, e.raw), []string{"headers", "isBase64Encoded", "multiValueHeaders", "requestContext"}; !slices.Equal(got, want) {
			t.Errorf("the event has %v, want %v", got, want)
		}
		want := map[string]string{"Host": e.RequestContext.DomainName, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
		if !maps.Equal(e.Headers, want) || len(e.Multi) != 4 {
			t.Errorf("headers %v", e.Headers)
		}
		wantContextKeys(t, e, "disconnectStatusCode", "disconnectReason")
	})
	t.Run("E13 a failing $disconnect or none at all harms nobody", func(t *testing.T) {
		b := newBackend(t, throws("boom"))
		s := serve(t, config(b, "$disconnect"))
		c := connect(t, s.URL)
		c.Frame(ws.OpClose, true, ws.NewCloseFrameBody(1000, ""))
		c.wantClose(1000, "")
		b.next()
		c = connect(t, serve(t, gateway.Config{}).URL)
		c.Frame(ws.OpClose, true, ws.NewCloseFrameBody(1000, "bye"))
		c.wantClose(1000, "")
	})
}

// wantContextKeys checks the members of requestContext: those that all events have, and more.
func wantContextKeys(t *testing.T, e event, more ...string) {
	t.Helper()
	var whole struct{ RequestContext json.RawMessage }
	if err := json.Unmarshal([]byte(e.raw), &whole); err != nil {
		t.Fatal(err)
	}
	want := append(more, "apiId", "connectedAt", "connectionId", "domainName", "eventType", "extendedRequestId", "identity",
		"messageDirection", "requestId", "requestTime", "requestTimeEpoch", "routeKey", "stage")
	slices.Sort(want)
	if got := keys(t, string(whole.RequestContext)); !slices.Equal(got, want) {
		t.Errorf("requestContext has %v, want %v", got, want)
	}
}

// wantDisconnect checks what the DISCONNECT event says when a connection ends so.
func wantDisconnect(t *testing.T, code int, reason string, end func(*client)) {
	t.Helper()
	s, b := recorded(t)
	c := connect(t, s.URL)
	b.next()
	end(c)
	ctx := b.next().RequestContext
	if ctx.DisconnectStatusCode != code || ctx.DisconnectReason == nil || *ctx.DisconnectReason != reason {
		t.Errorf("DISCONNECT has %d and %v, want %d %q", ctx.DisconnectStatusCode, ctx.DisconnectReason, code, reason)
	}
}
