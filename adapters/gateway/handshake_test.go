package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// Malformed handshakes get a status that says what is wrong, and nobody is invoked.
func TestMalformedHandshakes(t *testing.T) {
	b := newBackend(t, always(ok))
	s := serve(t, config(b, "$connect"))
	addr := strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws://"), "/dev")
	good := []string{"GET /dev HTTP/1.1", "Host: h", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	for name, c := range map[string]struct {
		old, new string
		status   int
	}{
		"as it should be":    {"", "", 101},
		"no key":             {good[5], "X-A: 1", 400},
		"a short key":        {good[5], "Sec-WebSocket-Key: AAAA", 400},
		"a key that is none": {good[5], "Sec-WebSocket-Key: not base64 at all!!!!!!!", 400},
		"two keys":           {good[5], good[5] + "\r\n" + good[5], 400},
		"version 8":          {"Version: 13", "Version: 8", 426},
		"no version":         {good[4], "X-A: 1", 426},
		"no upgrade":         {good[3], "X-A: 1", 426},
		"no connection":      {good[2], "X-A: 1", 426},
		"another upgrade":    {"WebSocket", "h2c", 426},
		"POST":               {"GET", "POST", 403},
		"HTTP/1.0":           {"HTTP/1.1", "HTTP/1.0", 400},
		"a URL of 5 KB":      {"/dev", "/dev?a=" + strings.Repeat("x", 5000), 414},
		"a header of 11 KB":  {good[1], good[1] + "\r\nX-A: " + strings.Repeat("x", 11000), 431},
		"a header of 20 KB":  {good[1], good[1] + "\r\nX-A: " + strings.Repeat("x", 20000), 431},
		"no host":            {good[1], "X-A: 1", 400},
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			text := strings.Join(good, "\r\n")
			if c.old != "" {
				text = strings.Replace(text, c.old, c.new, 1)
			}
			if resp := gatewaytest.Exchange(t, nc, text+"\r\n\r\n").Response; resp.StatusCode != c.status {
				t.Errorf("answered %s, want %d", resp.Status, c.status)
			} else if c.status == 426 && resp.Header.Get("Sec-WebSocket-Version")+resp.Header.Get("Upgrade") == "" {
				t.Errorf("the header %v doesn't say what to do", resp.Header)
			}
		})
	}
	b.next()
	b.none()
}

// Clients that dawdle are cut off: in the header, in a body, and before either.
func TestSlowLoris(t *testing.T) {
	for name, start := range map[string]string{
		"nothing": "", "half a header": "GET /dev HTTP/1.1\r\nHost:", "half a body": "POST /dev/@connections/" + unknownID + " HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, gateway.Config{}, func(t *testing.T, v *virtual) {
				nc := v.net.dial()
				defer nc.Close()
				began := time.Now()
				go io.WriteString(nc, start)
				resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
				if took := time.Since(began); took > 11*time.Second {
					t.Errorf("cut off after %v", took)
				}
				if err == nil && resp.StatusCode != 408 && resp.StatusCode != 400 {
					t.Errorf("answered %s", resp.Status)
				}
			})
		})
	}
}

func TestNewExplains(t *testing.T) {
	h := newBackend(t, always(ok))
	for want, cfg := range map[string]gateway.Config{
		`stage "a/b"`:               {Stage: "a/b"},
		`API id "X"`:                {APIID: "X"},
		`clock speed -1`:            {ClockSpeed: -1},
		`route "$other"`:            {Routes: routes(h, "$other")},
		`a route has an empty key`:  {Routes: routes(h, "")},
		`route "a" has no handler`:  {Routes: routes(nil, "a")},
		`a time-out of 1ms`:         {Routes: map[string]gateway.Route{"a": {Handler: h, Timeout: time.Millisecond}}},
		`at most 128`:               {Routes: routes(h, strings.Repeat("x", 129))},
		`the authorizer has no`:     {Authorizer: &gateway.Authorizer{}},
		`identity source "header"`:  {Authorizer: &gateway.Authorizer{Handler: h, IdentitySources: []string{"header"}}},
		`between 0 and 1`:           {Faults: gateway.Faults{DisconnectLost: 2}},
		`exceed 1`:                  {Faults: gateway.Faults{DisconnectLost: 0.6, DisconnectTwice: 0.6}},
		`a delay is negative`:       {Faults: gateway.Faults{PostDelay: -1}},
		`only messages can be vali`: {Routes: map[string]gateway.Route{"$connect": {Handler: h, Validate: func([]byte) error { return nil }}}},
	} {
		if _, err := gateway.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A shutdown tells clients, runs $disconnect and waits for handlers, but not for ever.
func TestShutdown(t *testing.T) {
	s, c, b, _ := opened(t)
	go s.Shutdown(t.Context())
	c.wantClose(1001, "Going away")
	if ctx := b.next().RequestContext; ctx.DisconnectStatusCode != 1001 {
		t.Errorf("DISCONNECT has %d", ctx.DisconnectStatusCode)
	}
	gatewaytest.Refused(t, 503, s.URL)
}

// A connection that opens while the gateway shuts down is closed too.
func TestShutdownDuringConnect(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	b := newBackend(t, func(event) (string, error) {
		close(entered)
		<-release
		return ok, nil
	})
	s := serve(t, config(b, "$connect"))
	done := make(chan error)
	go func() {
		<-entered
		go func() { done <- s.Shutdown(t.Context()) }()
		for !gateway.Refusing(s.Gateway) {
			runtime.Gosched()
		}
		close(release)
	}()
	connect(t, s.URL).wantClose(1001, "Going away")
	if err := <-done; err != nil {
		t.Error(err)
	}
}
