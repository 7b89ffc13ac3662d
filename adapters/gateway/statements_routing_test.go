package gateway_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"wsecho/adapters/gateway"
)

var forbiddenFrame = regexp.MustCompile(`^\{"message": "Forbidden", "connectionId":"([A-Za-z0-9_-]{15}=)", "requestId":"([A-Za-z0-9_-]{15}=)"\}$`)

// routed sends messages to a stage with the routes and an expression, and checks which route each of them reached.
func routed(t *testing.T, expression string, keys []string, want map[string]string) {
	t.Helper()
	b := newBackend(t, always(ok))
	cfg := config(b, keys...)
	cfg.RouteSelectionExpression = expression
	c := connect(t, serve(t, cfg).URL)
	if slices.Contains(keys, "$connect") {
		b.next()
	}
	for text, key := range want {
		c.Send(text)
		e := b.next()
		if e.RequestContext.RouteKey != key {
			t.Errorf("%s reached %s, want %s", text, e.RequestContext.RouteKey, key)
		}
		if e.Body == nil || *e.Body != text {
			t.Errorf("%s: the handler got %s", text, e.raw)
		}
	}
}

func TestStatementsRouting(t *testing.T) {
	byAction := func(t *testing.T, want map[string]string) {
		routed(t, "", []string{"join", "$default", "$connect", "$disconnect"}, want)
	}

	t.Run("R01 a message reaches the route it names", func(t *testing.T) {
		b := newBackend(t, always(ok))
		c := connect(t, serve(t, config(b, "join", "$default")).URL)
		for _, text := range []string{`{"action":"join"}`, ` { "x" : [ { } , 1 ] , "action" : "join" } `, `{"action":"nope","action":"join"}`, `{"action":"joi\u006e"}`} {
			c.Send(text)
			if key := b.next().RequestContext.RouteKey; key != "join" {
				t.Errorf("%s reached %s", text, key)
			}
		}
	})
	t.Run("R02 an unknown action reaches $default", func(t *testing.T) {
		byAction(t, map[string]string{`{"action":"nope"}`: "$default"})
	})
	t.Run("R03 without $default the client gets Forbidden", func(t *testing.T) {
		b := newBackend(t, always(ok))
		s := serve(t, config(b, "$connect", "join"))
		c := connect(t, s.URL)
		id := b.next().RequestContext.ConnectionID
		for _, text := range []string{`{"action":"nope"}`, `not JSON`, ``} {
			c.Send(text)
			got := c.Message()
			if m := forbiddenFrame.FindStringSubmatch(got); m == nil || m[1] != id {
				t.Errorf("%q: got %s", text, got)
			}
		}
		c.wantOpen()
		b.none()
	})
	t.Run("R04 what is not JSON reaches $default", func(t *testing.T) {
		byAction(t, map[string]string{`hello`: "$default", ``: "$default", `{"action":"join"`: "$default", `{"action":"join"}x`: "$default"})
	})
	t.Run("R05 JSON without the value reaches $default", func(t *testing.T) {
		byAction(t, map[string]string{
			`{}`: "$default", `{"x":1}`: "$default", `[1]`: "$default", `"join"`: "$default", `5`: "$default", `null`: "$default",
			`{"action":""}`: "$default", `{"action":null}`: "$default", `{"x":{"action":"join"}}`: "$default", `[{"action":"join"}]`: "$default",
		})
	})
	t.Run("R06 keys are compared exactly", func(t *testing.T) {
		byAction(t, map[string]string{`{"action":"JOIN"}`: "$default", `{"action":" join"}`: "$default", `{"Action":"join"}`: "$default"})
	})
	t.Run("R07 paths and concatenation", func(t *testing.T) {
		routed(t, "$request.body.a.b", []string{"join", "$default"}, map[string]string{`{"a":{"b":"join"}}`: "join", `{"a":"join"}`: "$default"})
		routed(t, "${request.body.action}", []string{"join", "$default"}, map[string]string{`{"action":"join"}`: "join"})
		routed(t, "${request.body.s}/${request.body.a}", []string{"chat/join", "$default"}, map[string]string{`{"s":"chat","a":"join"}`: "chat/join"})
		routed(t, "${request.body.a}-${request.body.z}", []string{"join-", "$default"}, map[string]string{`{"a":"join"}`: "join-", `hello`: "$default"})
		routed(t, "$request.body.a[1]['b.c']", []string{"join", "$default"}, map[string]string{`{"a":[0,{"b.c":"join"}]}`: "join", `{"a":[0]}`: "$default"})
	})
	t.Run("R08 constant expressions", func(t *testing.T) {
		routed(t, `\$default`, []string{"join", "$default"}, map[string]string{`{"action":"join"}`: "$default", `hello`: "$default"})
		routed(t, "echo", []string{"echo", "$default"}, map[string]string{`{"action":"join"}`: "echo", `hello`: "echo"})
	})
	t.Run("R09 an array as text", func(t *testing.T) {
		routed(t, "", []string{"[item1, item2]", "$default"}, map[string]string{`{"action":["item1","item2"]}`: "[item1, item2]"})
	})
	t.Run("R10 lenient JSON is routed, and the handler gets it as it is", func(t *testing.T) {
		byAction(t, map[string]string{
			`{action:"join"}`: "join", `{"action":"join", x:y}`: "join", `{"action":"join","hoge":fuga"}`: "join",
			`{action: join}`: "join", `{'action':'join'}`: "join", `{"action":"join",}`: "join",
		})
	})
}

// What decides when nobody knows: the defaults of the assumptions, and their switches.
func TestAssumedRouting(t *testing.T) {
	keys := []string{"5", "true", "$connect", "$default"}
	routed(t, "", keys, map[string]string{`{"action":5}`: "5", `{"action":true}`: "true", `{"action":"$connect"}`: "$default"})
	b := newBackend(t, always(ok))
	cfg := config(b, keys...)
	cfg.Assumptions = gateway.Assumptions{NonStringsToDefault: true, ReservedSelectable: true}
	c := connect(t, serve(t, cfg).URL)
	b.next()
	for text, key := range map[string]string{`{"action":5}`: "$default", `{"action":"$connect"}`: "$connect"} {
		c.Send(text)
		if got := b.next().RequestContext.RouteKey; got != key {
			t.Errorf("%s reached %s, want %s", text, got, key)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	routed(t, "", []string{"join", "$default"}, map[string]string{
		`{"action":"join","x":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`:               "join",
		`{"action":"join","x":` + strings.Repeat("[", 9990) + strings.Repeat("]", 9990) + `}`:           "join",
		`{"action":"join","x":` + strings.Repeat("[", 15000) + strings.Repeat("]", 15000) + `}`:         "$default",
		`{"action":"join","x":` + strings.Repeat(`{"a":`, 3000) + `1` + strings.Repeat("}", 3000) + `}`: "join",
	})
}

func TestBadExpressions(t *testing.T) {
	for _, e := range []string{"$request.header.x", "$context.x", "${request.body.a", "a$request.body.a", "$request.body", "$request.body.", "$request.body.a[x]", "$request.body.a[", "$request.bodyx"} {
		if _, err := gateway.New(gateway.Config{RouteSelectionExpression: e}); err == nil || !strings.Contains(err.Error(), e) {
			t.Errorf("%s: error %v, want one that shows the expression", e, err)
		}
	}
}
