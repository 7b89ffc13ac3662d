package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

func TestStatementsConnect(t *testing.T) {
	// answering starts a stage whose $connect answers so.
	answering := func(t *testing.T, answer func(event) (string, error)) (*stage, *backend) {
		b := newBackend(t, answer)
		cfg := config(b, "$connect")
		cfg.Routes["$default"] = gateway.Route{Handler: echo, Reply: true}
		return serve(t, cfg), b
	}

	t.Run("C01 any 2xx of $connect opens", func(t *testing.T) {
		for _, status := range []string{"200", "201", "299"} {
			s, _ := answering(t, always(`{"statusCode":`+status+`,"body":"welcome"}`))
			connect(t, s.URL).wantOpen()
		}
	})
	t.Run("C02 another status of $connect is the answer to the upgrade", func(t *testing.T) {
		for _, status := range []int{300, 301, 400, 401, 403, 500, 501} {
			s, _ := answering(t, always(`{"statusCode":`+itoa(status)+`,"body":"secret"}`))
			if body := gatewaytest.Refused(t, status, s.URL); body != "" {
				t.Errorf("the body is %q, want none", body)
			}
		}
	})
	t.Run("C03 502 when $connect throws", func(t *testing.T) {
		s, _ := answering(t, throws("boom"))
		if body := gatewaytest.Refused(t, 502, s.URL); body != `{"message":"Internal server error"}` {
			t.Errorf("the body is %s", body)
		}
		panics := func(event) (string, error) { panic("boom") }
		s, _ = answering(t, panics)
		gatewaytest.Refused(t, 502, s.URL)
	})
	t.Run("C04 502 when $connect returns no proxy response", func(t *testing.T) {
		for _, answer := range []string{
			`null`, `"ok"`, `{}`, `[]`, `5`, ``, `{"body":"x"}`, `{"StatusCode":200}`, `{"statusCode":200,"Data":1}`,
			`{"statusCode":"many"}`, `{"statusCode":0}`, `{"statusCode":200,"headers":{"a":[]}}`, `{"statusCode":200,"body":{}}`,
		} {
			s, _ := answering(t, always(answer))
			t.Log(answer)
			gatewaytest.Refused(t, 502, s.URL)
		}
	})
	t.Run("C05 the answer of a Go function opens", func(t *testing.T) {
		s, _ := answering(t, always(`{"statusCode":200,"headers":null,"multiValueHeaders":null,"body":""}`))
		connect(t, s.URL).wantOpen()
	})
	t.Run("C06 the 101 waits for $connect", func(t *testing.T) {
		b := newBackend(t, func(event) (string, error) { time.Sleep(3 * time.Second); return ok, nil })
		bubble(t, config(b, "$connect"), func(t *testing.T, v *virtual) {
			start := time.Now()
			v.connect("")
			if took := time.Since(start); took != 3*time.Second {
				t.Errorf("the 101 came after %v, want 3s", took)
			}
		})
	})
	t.Run("C07 without $connect everybody gets in", func(t *testing.T) {
		s := serve(t, gateway.Config{})
		connect(t, s.URL).wantOpen()
	})
	t.Run("C08 a refused connect has no $disconnect and its id is gone", func(t *testing.T) {
		b := newBackend(t, always(`{"statusCode":403}`))
		s := serve(t, config(b, "$connect", "$disconnect"))
		gatewaytest.Refused(t, 403, s.URL)
		id := b.next().RequestContext.ConnectionID
		if resp, _ := call(t, "POST", s.connection(id), []byte("x")); resp.StatusCode != 410 {
			t.Errorf("POST answered %s, want 410", resp.Status)
		}
		s.Shutdown(t.Context())
		b.none()
	})
	t.Run("C09 403 for an unknown stage", func(t *testing.T) {
		s, b := answering(t, always(ok))
		other := strings.TrimSuffix(s.URL, "/dev")
		for _, path := range []string{"/prod", "/", "", "/devel", "/dev/more"} {
			if body := gatewaytest.Refused(t, 403, other+path); body != `{"message":"Forbidden"}` {
				t.Errorf("%s: the body is %s", path, body)
			}
		}
		b.none()
	})
	t.Run("C10 permessage-deflate is offered back", func(t *testing.T) {
		s, _ := answering(t, always(ok))
		for offer, want := range map[string]string{
			"permessage-deflate; client_max_window_bits":                                                          "permessage-deflate",
			"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12":                            "permessage-deflate;server_max_window_bits=12",
			"x-other, permessage-deflate; server_no_context_takeover":                                             "permessage-deflate;server_no_context_takeover",
			"permessage-deflate; server_max_window_bits=99, permessage-deflate; server_max_window_bits=\"10\"":    "permessage-deflate;server_max_window_bits=10",
			"permessage-deflate; unknown":                                                                         "",
			"permessage-deflate; client_max_window_bits; client_max_window_bits":                                  "",
			"permessage-deflate; server_max_window_bits, permessage-deflate; client_no_context_takeover=1, foo; ": "",
		} {
			c := connect(t, s.URL, "Sec-WebSocket-Extensions: "+offer)
			if got := c.Response.Header.Get("Sec-WebSocket-Extensions"); got != want {
				t.Errorf("%s: accepted %q, want %q", offer, got, want)
			}
		}
	})
	t.Run("C11 the subprotocol that $connect returns is in the 101", func(t *testing.T) {
		for _, answer := range []string{
			`{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"b"}}`,
			`{"statusCode":200,"headers":{"sec-websocket-protocol":"b"}}`,
			`{"statusCode":200,"multiValueHeaders":{"Sec-WebSocket-Protocol":["b"]}}`,
		} {
			s, b := answering(t, always(answer))
			c := connect(t, s.URL, "Sec-WebSocket-Protocol: a, b")
			if got := c.Response.Header.Get("Sec-WebSocket-Protocol"); got != "b" {
				t.Errorf("%s: the 101 has the subprotocol %q", answer, got)
			}
			if got := b.next().Headers["Sec-WebSocket-Protocol"]; got != "a, b" {
				t.Errorf("the event has the offer %q", got)
			}
		}
	})
	t.Run("C12 a subprotocol is never echoed", func(t *testing.T) {
		s, _ := answering(t, always(ok))
		c := connect(t, s.URL, "Sec-WebSocket-Protocol: a, b")
		if got, there := c.Response.Header["Sec-Websocket-Protocol"]; there {
			t.Errorf("the 101 has the subprotocol %q", got)
		}
	})
	t.Run("C13 nothing else of the answer reaches the client", func(t *testing.T) {
		s, _ := answering(t, always(`{"statusCode":200,"headers":{"X-Foo":"1","Set-Cookie":"a=b"},"body":"hello"}`))
		c := connect(t, s.URL)
		for name := range c.Response.Header {
			switch name {
			case "Date", "Connection", "Upgrade", "Sec-Websocket-Accept":
			default:
				t.Errorf("the 101 has the header %s", name)
			}
		}
		c.wantOpen()
	})
}

// A client can't smuggle headers of a handler's making into the 101, nor can a handler.
func TestSubprotocolWithLineBreak(t *testing.T) {
	b := newBackend(t, always(`{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"a\r\nX-Evil: 1"}}`))
	s := serve(t, config(b, "$connect"))
	gatewaytest.Refused(t, http.StatusBadGateway, s.URL)
}
