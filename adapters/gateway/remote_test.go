package gateway_test

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// TestClientSide holds any stage of this project's API to what a client can see of the statements. Without WSECHO_URL
// that is a gateway in this process; with it, such as wss://abcdef1234.execute-api.eu-central-1.amazonaws.com/dev, it is
// a deployment, so that a team can check AWS itself. WSECHO_HEADERS may hold header lines for the handshake, separated
// by "|", such as a bearer token. It needs the routes echo and $default, and no more than a dozen connections.
func TestClientSide(t *testing.T) {
	target := os.Getenv("WSECHO_URL")
	if target == "" {
		target = serve(t, gateway.Config{Routes: map[string]gateway.Route{
			"$connect": {Handler: typedReply("")}, "echo": {Handler: typedReply("echo"), Reply: true},
			"$default": {Handler: typedReply("error"), Reply: true},
		}}).URL
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	var headers []string
	if h := os.Getenv("WSECHO_HEADERS"); h != "" {
		headers = strings.Split(h, "|")
	}
	r := remote{t: t, target: target, origin: u.Scheme + "://" + u.Host, headers: headers}
	r.handshakes(t)
	r.routes(t)
	r.limits(t)
	r.assumptions(t)
}

// typedReply answers with an object that tells its type, as the routes of this project do.
func typedReply(kind string) gateway.Handler {
	return gateway.Typed(func(context.Context, struct{}) (map[string]any, error) {
		return map[string]any{"statusCode": 200, "body": `{"type":"` + kind + `"}`}, nil
	})
}

// remote is a stage somewhere.
type remote struct {
	t              testing.TB
	target, origin string
	headers        []string
}

func (r remote) connect(t *testing.T, extra ...string) *client {
	t.Helper()
	return connect(t, r.target, append(extra, r.headers...)...)
}

// wantType sends a message and checks the type of what comes back.
func (c *client) wantType(text, kind string) {
	c.T.Helper()
	c.Send(text)
	if got := object(c.T, c.Message())["type"]; got != kind {
		c.T.Errorf("%.60s was answered with type %v, want %s", text, got, kind)
	}
}

func (r remote) handshakes(t *testing.T) {
	t.Run("C01 connects", func(t *testing.T) { r.connect(t).wantOpen() })
	t.Run("C09 unknown stage", func(t *testing.T) { gatewaytest.Refused(t, 403, r.origin+"/no-such-stage", r.headers...) })
	t.Run("C10 permessage-deflate", func(t *testing.T) {
		c := r.connect(t, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
		if got := c.Response.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
			t.Errorf("accepted %q", got)
		}
	})
	t.Run("C12 subprotocol not echoed", func(t *testing.T) {
		c := r.connect(t, "Sec-WebSocket-Protocol: something.else")
		if got := c.Response.Header.Get("Sec-WebSocket-Protocol"); got != "" {
			t.Errorf("the 101 has the subprotocol %q", got)
		}
	})
	t.Run("P11 management without the stage", func(t *testing.T) {
		at := strings.Replace(r.origin, "ws", "http", 1) + "/@connections/" + unknownID
		if resp, _ := call(t, "POST", at, []byte("x")); resp.StatusCode != 403 {
			t.Errorf("answered %s, want 403", resp.Status)
		}
	})
}

func (r remote) routes(t *testing.T) {
	c := r.connect(t)
	t.Run("R01 a route by its name", func(t *testing.T) { c.wantType(`{"action":"echo","data":1}`, "echo") })
	t.Run("R02 an unknown action", func(t *testing.T) { c.wantType(`{"action":"nope"}`, "error") })
	t.Run("R04 not JSON", func(t *testing.T) { c.wantType(`hello`, "error") })
	t.Run("R05 JSON without an action", func(t *testing.T) {
		for _, text := range []string{`{}`, `{"x":1}`, `[1]`, `"echo"`, `5`, `null`} {
			c.wantType(text, "error")
		}
	})
	t.Run("R06 another case", func(t *testing.T) { c.wantType(`{"action":"ECHO","data":1}`, "error") })
	t.Run("M13 ping", func(t *testing.T) { c.wantOpen() })
}

func (r remote) limits(t *testing.T) {
	t.Run("M09 a frame over 32 KB", func(t *testing.T) {
		c := r.connect(t)
		c.wantType(bloated(32768), "echo")
		c.Send(bloated(32769))
		r.wantCode(c, 1009)
	})
	t.Run("M10 100 KB in frames of 32 KB", func(t *testing.T) {
		c := r.connect(t)
		c.Fragments([]byte(bloated(100<<10)), 32768)
		if got := object(t, c.Message())["type"]; got != "echo" {
			t.Errorf("answered with type %v", got)
		}
	})
	t.Run("M11 a message over 128 KB", func(t *testing.T) {
		c := r.connect(t)
		c.Fragments([]byte(bloated(131073)), 20000)
		r.wantCode(c, 1009)
	})
	t.Run("M12 a binary frame", func(t *testing.T) {
		c := r.connect(t)
		c.Frame(ws.OpBinary, true, []byte{1, 2, 3})
		r.wantCode(c, 1003)
	})
}

// bloated is an echo of little data in a message of the size: fields that nobody knows are ignored.
func bloated(size int) string {
	const head, tail = `{"action":"echo","data":1,"pad":"`, `"}`
	return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
}

// wantCode checks the close code alone: a reason is not known for all of them.
func (r remote) wantCode(c *client, code int) {
	c.T.Helper()
	if got, reason := c.Closed(); got != code {
		c.T.Errorf("closed with %d %q, want %d", got, reason, code)
	}
}

// assumptions reports what is not known of AWS, and fails where a gateway in this process does not do what it says.
func (r remote) assumptions(t *testing.T) {
	differs := t.Errorf
	if os.Getenv("WSECHO_URL") != "" {
		differs = t.Logf
	}
	check := func(number string, got, assumed any) {
		t.Logf("%s: got %v, assumed %v", number, got, assumed)
		if got != assumed {
			differs("%s: what is assumed is not so", number)
		}
	}
	c := r.connect(t)
	c.Send(`{"action":"$connect"}`)
	check("U06 type of the answer to a reserved route", object(t, c.Message())["type"], "error")
	c.Frame(ws.OpText, true, []byte{'a', 0xff})
	code, _ := c.Closed()
	check("U10 close code for malformed UTF-8", code, 1007)

	at := strings.Replace(r.target, "ws", "http", 1)
	resp, _ := call(t, "GET", at, nil)
	check("U11 status of a plain GET", resp.StatusCode, 426)

	c = r.connect(t, "Sec-WebSocket-Extensions: permessage-deflate")
	text := bloated(40 << 10)
	c.Raw(ws.Frame{Header: ws.Header{Fin: true, Rsv: 0b100, OpCode: ws.OpText, Length: int64(len(deflated(text)))}, Payload: deflated(text)})
	f, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	code, _ = 0, ""
	if f.Header.OpCode == ws.OpClose {
		got, _ := ws.ParseCloseFrameData(f.Payload)
		code = int(got)
	}
	check("U19 close code of 40 KB in a small compressed frame", cmp.Or(code, 0), 1009)
}

// deflated compresses a message as permessage-deflate wants it.
func deflated(text string) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	w.Write([]byte(text))
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}
