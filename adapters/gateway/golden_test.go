package gateway_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"wsecho/adapters/gateway"
)

// shape lists the members of a JSON value in their order, each with its path and the kind of its value.
func shape(t *testing.T, text string) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var list []string
	var walk func(path string)
	walk = func(path string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		kind := "text"
		switch v := token.(type) {
		case json.Delim:
			kind = string(v.String())
		case float64:
			kind = "number"
		case bool:
			kind = "bool"
		}
		list = append(list, path+" "+kind)
		for token == json.Delim('{') && dec.More() {
			name, _ := dec.Token()
			walk(path + "." + name.(string))
		}
		for token == json.Delim('[') && dec.More() {
			walk(path + "[]")
		}
		if kind == "{" || kind == "[" {
			dec.Token()
		}
	}
	walk("")
	return list
}

// Events have the members of events recorded from the real service, of the same kinds and, in requestContext, in the
// same order.
func TestGoldenEvents(t *testing.T) {
	b := newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect", "sendmessage")
	cfg.Stage, cfg.APIID, cfg.DomainName = "prod", "abcdef1234", "abcdef1234.execute-api.us-east-1.amazonaws.com"
	c := connect(t, serve(t, gateway.Config(cfg)).URL+"?token=first&token=last-value-wins", "User-Agent: only-if-sent", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
	connected := b.next().raw
	c.Send(`{"action":"sendmessage","message":"hi"}`)
	message := b.next().raw
	c.Frame(ws.OpClose, true, nil)
	for name, got := range map[string]string{"connect": connected, "message": message, "disconnect": b.next().raw} {
		want := shape(t, read(t, "testdata/events/"+name+".json"))
		have := shape(t, got)
		inContext := func(list []string) (context []string) {
			for _, line := range list {
				if strings.HasPrefix(line, ".requestContext") {
					context = append(context, line)
				}
			}
			return context
		}
		if !slices.Equal(inContext(have), inContext(want)) {
			t.Errorf("%s: requestContext is\n%v, want\n%v", name, inContext(have), inContext(want))
		}
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s: the event is\n%v, want\n%v", name, have, want)
		}
	}
}
