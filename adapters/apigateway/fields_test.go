package apigateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/memory"
	"wsecho/domain"
)

// frame is what a client gets, an answer or a refusal.
type frame struct {
	Type, ID, Code, Message string
	Details                 map[string]any
	Value                   any
}

// asked hands a message to an action and returns what its client gets.
func asked(t *testing.T, action apigateway.Action, message string) frame {
	t.Helper()
	var got frame
	text := handle(t, action, message, slog.New(slog.DiscardHandler))
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%.200s was answered with %.200s: %v", message, text, err)
	}
	return got
}

// reading is an action that answers with what a reader of a request returns.
func reading[T any](read func(apigateway.Request) (T, error)) apigateway.Action {
	return func(_ context.Context, r apigateway.Request) (apigateway.Reply, error) {
		value, err := read(r)
		return apigateway.Reply{Type: "read", Body: map[string]any{"value": value}}, err
	}
}

// TestFields: what a request's field must be, and what its client is told if it is not.
func TestFields(t *testing.T) {
	text := reading(func(r apigateway.Request) (string, error) { return r.RequiredString("name") })
	optional := reading(func(r apigateway.Request) (any, error) {
		value, ok, err := r.String("name")
		return []any{value, ok}, err
	})
	number := reading(func(r apigateway.Request) (any, error) {
		var n int
		ok, err := r.Read("name", "a number", &n)
		return []any{n, ok}, err
	})
	for _, test := range []struct {
		action        apigateway.Action
		field, answer string // The answer is a value as JSON, or the beginning of a refusal.
	}{
		{text, `"name":"x"`, `"x"`},
		{text, `"name":""`, `""`},
		{text, `"name":"a\"\\\u00e9"`, `"a\"\\é"`},
		{text, `"other":1`, `do needs "name", a string`},
		{text, `"name":1`, `"name" must be a string`},
		{text, `"name":null`, `"name" must be a string`},
		{optional, `"name":"x"`, `["x",true]`},
		{optional, `"other":1`, `["",false]`},
		{optional, `"name":{}`, `"name" must be a string`},
		{number, `"name":5`, `[5,true]`},
		{number, `"other":5`, `[0,false]`},
		{number, `"name":"5"`, `"name" must be a number`},
		{number, `"name":null`, `"name" must be a number`},
	} {
		got := asked(t, test.action, `{"action":"do",`+test.field+`}`)
		value, err := json.Marshal(got.Value)
		if err != nil {
			t.Fatal(err)
		}
		if got.Type == "error" {
			value = []byte(got.Message)
			if got.Code != "bad_request" {
				t.Errorf("%s is refused with %s", test.field, got.Code)
			}
		}
		if !strings.HasPrefix(string(value), test.answer) {
			t.Errorf("%s is read as %s, want %s", test.field, value, test.answer)
		}
	}
}

// TestEdges of sizes: the largest that is taken, and the smallest that is not.
func TestEdges(t *testing.T) {
	data := reading(func(r apigateway.Request) (int, error) {
		data, err := r.Data()
		return len(data), err
	})
	sendable := reading(func(r apigateway.Request) (string, error) {
		_, key, err := r.Sendable()
		return key, err
	})
	text := func(bytes int) string { return `"` + strings.Repeat("x", bytes-2) + `"` }
	key := func(characters int) string { return `"data":1,"key":"` + strings.Repeat("é", characters) + `"` }
	nested := func(levels int) string { return `"data":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for _, test := range []struct {
		name   string
		action apigateway.Action
		fields string
		code   string // Empty: taken.
	}{
		{"32 KB of data", data, `"data":` + text(32<<10), ""},
		{"a byte more", data, `"data":` + text(32<<10+1), "payload_too_large"},
		{"no data where none is needed", data, `"other":1`, ""},
		{"64 levels of data", data, nested(64), ""},
		{"a level more", data, nested(65), "bad_request"},
		{"an id of 64 characters", data, `"id":"` + strings.Repeat("é", 64) + `"`, ""},
		{"a character more", data, `"id":"` + strings.Repeat("é", 65) + `"`, "bad_request"},
		{"no data where some is needed", sendable, `"key":"0123456789abcdef"`, "bad_request"},
		{"no key", sendable, `"data":null`, ""},
		{"a key of 15 characters", sendable, key(15), "bad_request"},
		{"a key of 16", sendable, key(16), ""},
		{"a key of 64", sendable, key(64), ""},
		{"a key of 65", sendable, key(65), "bad_request"},
		{"an empty key", sendable, key(0), "bad_request"},
		{"a key that is none", sendable, `"data":1,"key":7`, "bad_request"},
		{"too much data to send", sendable, `"data":` + text(32<<10+1), "payload_too_large"},
	} {
		got := asked(t, test.action, `{"action":"do",`+test.fields+`}`)
		if got.Code != test.code {
			t.Errorf("%s: code %q, %s; want %q", test.name, got.Code, got.Message, test.code)
		}
		if limit, ok := got.Details["limit"]; test.code == "payload_too_large" && (!ok || limit != float64(apigateway.MaxData)) {
			t.Errorf("%s: details %v", test.name, got.Details)
		}
	}
}

// TestTooDeepKeepsItsID: the refusal of a message that nests too deep has the id of it, from before or behind the depth.
func TestTooDeepKeepsItsID(t *testing.T) {
	deep := `"data":` + strings.Repeat(`[{"a":`, 40) + `"]}"` + strings.Repeat("}]", 40)
	for _, message := range []string{`{"action":"do","id":"7",` + deep + `}`, `{"action":"do",` + deep + `,"id":"7"}`} {
		if got := asked(t, apigateway.Echo, message); got.ID != "7" || got.Code != "bad_request" || !strings.Contains(got.Message, "64") && !strings.Contains(got.Message, "65") {
			t.Errorf("%s is answered with %+v", message, got)
		}
	}
}

// TestManySiblingsAreNotDeep: brackets that are closed again don't count, however many there are.
func TestManySiblingsAreNotDeep(t *testing.T) {
	message := `{"action":"do","id":"7","data":[` + strings.Repeat(`{"a":[]},`, 100) + `1]}`
	if got := asked(t, apigateway.Echo, message); got.Code != "" || got.ID != "7" {
		t.Errorf("it is answered with %+v", got)
	}
}

// TestTokenEndsWithItsSecond: a message is served up to the end of its token.
func TestTokenEndsWithItsSecond(t *testing.T) {
	event := golden(t, "message")
	for expires, code := range map[any]string{
		time.Now().Add(time.Minute).Unix():  "",
		time.Now().Add(-time.Minute).Unix(): "token_expired",
		"0":                                 "",
		"-5":                                "",
		"never":                             "",
	} {
		event.RequestContext.Authorizer = map[string]any{"user": "ada", "expires": expires}
		response, err := apigateway.Messages(map[string]apigateway.Action{"echo": apigateway.Echo}, apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler)})(t.Context(), event)
		var got frame
		if err := errors.Join(err, json.Unmarshal([]byte(response.Body), &got)); err != nil || got.Code != code {
			t.Errorf("with a token that ends at %v: code %q, %v; want %q", expires, got.Code, err, code)
		}
	}
}

// TestBroadcastAction hands on data, key and caller, and answers with what became of it.
func TestBroadcastAction(t *testing.T) {
	registry := new(memory.Registry)
	broadcast := apigateway.Broadcast(domain.Broadcaster{
		FanOut: &domain.FanOut{
			Registry: registry, Closer: domain.Closer{Registry: registry, Memberships: registry}, Queue: new(memory.Queue),
			Limiter: domain.NewLimiter(1000), Concurrency: 1, Random: func() float64 { return 0 },
		},
		Policy: granted{}, NewID: func() string { return "new" },
	})
	for message, want := range map[string]string{
		`{"action":"broadcast","data":1}`:                          `"messageId":"new","sent":0`,
		`{"action":"broadcast","data":1,"key":"0123456789abcdef"}`: `"messageId":"key-`,
		`{"action":"broadcast"}`:                                   `"code":"bad_request"`,
	} {
		if got := handle(t, broadcast, message, slog.New(slog.DiscardHandler)); !strings.Contains(got, want) {
			t.Errorf("%s is answered with %s, want %s", message, got, want)
		}
	}
}

// granted lets everybody do everything.
type granted struct{}

// Permit implements domain.Policy.
func (granted) Permit(context.Context, domain.Caller, domain.Act) error { return nil }

// TestInvokedAuthorizer reads and writes what API Gateway sends and expects.
func TestInvokedAuthorizer(t *testing.T) {
	authorizer := apigateway.Authorize(domain.Open{}, apigateway.Handshake{}, apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler)})
	for event, want := range map[string]string{
		`{"methodArn":"arn:x","queryStringParameters":{"user":"ada"}}`: `"Effect":"Allow","Resource":["arn:x"]`,
		`{"methodArn":"arn:x","queryStringParameters":{"user":"-"}}`:   `"Effect":"Deny"`,
	} {
		answer, err := authorizer.Invoke(t.Context(), []byte(event))
		if err != nil || !strings.Contains(string(answer), want) {
			t.Errorf("%s is answered with %s, %v", event, answer, err)
		}
	}
	if _, err := authorizer.Invoke(t.Context(), []byte(`[`)); err == nil {
		t.Error("what is no event is answered")
	}
	refusing := apigateway.Authorize(domain.Open{}, apigateway.Handshake{Tokens: true}, apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler)})
	if answer, err := refusing.Invoke(t.Context(), []byte(`{}`)); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("without a token the answer is %s, %v", answer, err)
	}
}

// TestInvokedHandler is about events that few send: without a context, with null, and with an authorizer that is no object.
func TestInvokedHandler(t *testing.T) {
	handler := apigateway.Messages(map[string]apigateway.Action{"": apigateway.Echo, "echo": apigateway.Echo}, apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler)})
	for event, want := range map[string]string{
		`{"body":"{\"action\":\"echo\"}"}`:                                                                               `"statusCode":200`,
		`{"requestContext":null,"body":"{\"action\":\"echo\"}"}`:                                                         `"statusCode":200`,
		`{"requestContext":{"routeKey":null},"body":null}`:                                                               `invalid_json`,
		`{"requestContext":{"routeKey":"echo","authorizer":"text"},"body":"{\"action\":\"echo\"}"}`:                      `anon-`,
		`{"requestContext":{"routeKey":"echo","authorizer":{"user":"ada","n":5}},"body":"{\"action\":\"echo\"}"}`:        `\"user\":\"ada\"`,
		`{"requestContext":{"routeKey":"echo","connectionId":"c","authorizer":null},"body":"{\"action\":\"echo\"}"}`:     `anon-c`,
		`{"requestContext":{"routeKey":"echo","authorizer":{"user":null}},"body":"{\"action\":\"echo\"}"}`:               `anon-`,
		` { "requestContext" : { "routeKey" : "echo" } , "body" : "{\"action\":\"echo\"}" , "isBase64Encoded": false } `: `"statusCode":200`,
	} {
		answer, err := handler.Invoke(t.Context(), []byte(event))
		if err != nil || !strings.Contains(string(answer), want) {
			t.Errorf("%s is answered with %s, %v", event, answer, err)
		}
	}
	for _, event := range []string{``, `[]`, `"x"`, `{"body":5}`, `{"requestContext":[]}`, `{"requestContext":{"routeKey":{}}}`, `{"requestContext":{"connectedAt":"x"}}`, `{"headers":5}`} {
		if answer, err := handler.Invoke(t.Context(), []byte(event)); err == nil {
			t.Errorf("%q is answered with %s", event, answer)
		}
	}
}

// TestConnectOffers: the subprotocol is answered if it was offered, in whichever map of headers.
func TestConnectOffers(t *testing.T) {
	registry := new(memory.Registry)
	handler := apigateway.Connect(domain.Connector{Registry: registry, Memberships: registry}, apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler)})
	for headers, want := range map[string]bool{
		`"headers":{"sec-websocket-protocol":"other, wsecho.v1"}`:                                                   true,
		`"headers":{"Sec-WebSocket-Protocol":"wsecho.v10"}`:                                                         false,
		`"headers":{"Sec-WebSocket-Protocol":"x"},"multiValueHeaders":{"Sec-WebSocket-Protocol":["x","wsecho.v1"]}`: true,
		`"headers":null`: false,
	} {
		answer, err := handler.Invoke(t.Context(), []byte(`{"requestContext":{"routeKey":"$connect","connectionId":"c"},`+headers+`}`))
		if err != nil || strings.Contains(string(answer), `"Sec-WebSocket-Protocol":"wsecho.v1"`) != want {
			t.Errorf("%s is answered with %s, %v", headers, answer, err)
		}
	}
}

// TestSameOrigin by the host and the headers that no page can change.
func TestSameOrigin(t *testing.T) {
	for _, test := range []struct {
		host           string
		origins, sites []string
		want           bool
	}{
		{"here:8080", nil, nil, true},
		{"here:8080", []string{"http://here:8080"}, nil, true},
		{"here:8080", []string{"https://HERE:8080"}, []string{"same-origin"}, true},
		{"here", []string{"http://here:80"}, []string{"none"}, true},
		{"here", []string{"https://here"}, nil, true},
		{"here:8080", []string{"http://here:8081"}, nil, false},
		{"here:8080", []string{"http://there:8080"}, nil, false},
		{"here:8080", []string{"null"}, nil, false},
		{"here:8080", []string{"chrome-extension://here:8080"}, nil, false},
		{"here:8080", []string{"http://here:8080", "http://there:8080"}, nil, false},
		{"here:8080", nil, []string{"cross-site"}, false},
		{"here:8080", nil, []string{"same-origin", "same-site"}, false},
		{"", []string{"http://here"}, nil, false},
	} {
		if got := apigateway.SameOrigin(test.host, test.origins, test.sites); got != test.want {
			t.Errorf("SameOrigin(%q, %q, %q) = %t", test.host, test.origins, test.sites, got)
		}
	}
}

// TestLoopback: the names and addresses that are always the machine of who asks.
func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST.": true, "a.localhost": true, ".localhost": false, "localhost.example": false, "xlocalhost": false,
		"127.0.0.1": true, "127.9.9.9": true, "128.0.0.1": false, "::1": true, "[::1]": true, "[::2]": false, "::ffff:127.0.0.1": true, "": false,
	} {
		if got := apigateway.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %t", host, got)
		}
	}
}

// TestLoopbackOrigins admits a developer's pages, and no others.
func TestLoopbackOrigins(t *testing.T) {
	by := new(seen)
	for origin, want := range map[string]bool{
		"http://localhost:3000": true, "https://127.0.0.1": true, "http://[::1]:5173": true, "http://localhost.example": false,
		"null": false, "moz-extension://localhost": false, "file://": false,
	} {
		by.shown = nil
		_, _ = ask(t, by, apigateway.Handshake{Origins: apigateway.LoopbackOrigins}, slog.New(slog.DiscardHandler), request(map[string]string{"Origin": origin}, nil))
		if admitted := len(by.shown) == 1; admitted != want {
			t.Errorf("a page of %s is admitted: %t", origin, admitted)
		}
	}
	if apigateway.LoopbackOrigins.Empty() || apigateway.AnyOrigin.Empty() || !(apigateway.Origins{}).Empty() {
		t.Error("Empty is wrong")
	}
}
