package apigateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/memory"
	"wsecho/domain"
)

// golden reads an event as API Gateway sends it.
func golden(t *testing.T, name string) events.APIGatewayWebsocketProxyRequest {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayWebsocketProxyRequest
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	return event
}

// logged returns a logger and what it has written.
func logged() (*slog.Logger, *bytes.Buffer) {
	out := new(bytes.Buffer)
	return slog.New(slog.NewJSONHandler(out, nil)), out
}

func TestGoldenEvents(t *testing.T) {
	registry := new(memory.Registry)
	logger, log := logged()
	const id = "PJqB0fHsqRcCHlw="

	response, err := apigateway.Connect(domain.Connector{Registry: registry, Memberships: registry}, apigateway.RequestLogger{Logger: logger})(t.Context(), golden(t, "connect"))
	if err != nil || response.StatusCode != 200 || response.Headers["Sec-WebSocket-Protocol"] != "wsecho.v1" {
		t.Errorf("Connect = %+v, %v", response, err)
	}
	c, err := registry.Get(t.Context(), id)
	if err != nil || c.User != "ada" || c.ConnectedAt.UnixMilli() != 1707502303419 || c.ExpiresAt.Unix() != 1707509503+30 {
		t.Errorf("registered %+v, %v", c, err)
	}

	response, err = apigateway.Messages(map[string]apigateway.Action{"echo": apigateway.Echo}, apigateway.RequestLogger{Logger: logger})(t.Context(), golden(t, "message"))
	want := `{"type":"echo","id":"7","data":{"text":"<hi> & 1e400","n":1e400},"connection":{"connectionId":"PJqB0fHsqRcCHlw=",` +
		`"connectedAt":"2024-02-09T18:11:43.419Z","stage":"dev","requestId":"PJqCFE1tKRcFQ3Q=","user":"ada"}}`
	if err != nil || response.StatusCode != 200 || response.Body != want {
		t.Errorf("Echo = %+v, %v\nwant body %s", response, err, want)
	}

	closer := domain.Closer{Registry: registry, Memberships: registry}
	response, err = apigateway.Disconnect(closer, apigateway.RequestLogger{Logger: logger})(t.Context(), golden(t, "disconnect"))
	if _, gone := registry.Get(t.Context(), id); err != nil || response.StatusCode != 200 || gone == nil {
		t.Errorf("Disconnect = %+v, %v; the connection is still there: %v", response, err, gone == nil)
	}

	for _, want := range []string{`"gatewayRequestId":"PJqCFE1tKRcFQ3Q="`, `"connectionId":"PJqB0fHsqRcCHlw="`, `"route":"$connect"`, `"route":"$disconnect"`, `"code":"ok"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 3 {
		t.Errorf("%d log lines for 3 events", n)
	}
}

// handle runs an action for a message and returns the frame that the client gets.
func handle(t *testing.T, action apigateway.Action, body string, logger *slog.Logger) string {
	t.Helper()
	event := golden(t, "message")
	event.Body = body
	response, err := apigateway.Messages(map[string]apigateway.Action{"echo": action}, apigateway.RequestLogger{Logger: logger})(t.Context(), event)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("handling %.100q: %+v, %v", body, response, err)
	}
	return response.Body
}

func TestFaultsStayInside(t *testing.T) {
	tests := []struct {
		err       error
		code      domain.Code
		retryable bool
		logged    bool
	}{
		{errors.New("secret table is on fire"), domain.Internal, false, true},
		{fmt.Errorf("secret: %w", domain.ErrUnavailable), domain.Unavailable, true, true},
		{fmt.Errorf("secret: %w", domain.ErrNotConnected), domain.ConnectionClosed, false, false},
		{&domain.Error{Code: domain.RateLimited, Message: "slowly", Details: map[string]any{"retryAfterMs": 5}}, domain.RateLimited, true, false},
	}
	for _, test := range tests {
		logger, log := logged()
		fails := func(context.Context, apigateway.Request) (apigateway.Reply, error) {
			return apigateway.Reply{}, test.err
		}
		body := handle(t, fails, `{"action":"echo","id":"9"}`, logger)
		var got struct {
			Type, ID, Code string
			Retryable      bool
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.Type != "error" || got.ID != "9" ||
			got.Code != string(test.code) || got.Retryable != test.retryable {
			t.Errorf("%v became %s", test.err, body)
		}
		if strings.Contains(body, "secret") {
			t.Errorf("internals in %s", body)
		}
		if strings.Contains(log.String(), "secret") != test.logged || strings.Count(log.String(), "PJqCFE1tKRcFQ3Q=") != 1 {
			t.Errorf("logged %s", log)
		}
	}
}

func TestExpiredToken(t *testing.T) {
	logger, _ := logged()
	event := golden(t, "message")
	for offset, want := range map[time.Duration]string{-time.Second: `"code":"token_expired"`, time.Hour: `"type":"echo"`} {
		event.RequestContext.Authorizer = map[string]any{"user": "ada", "expires": time.Now().Add(offset).Unix()}
		response, err := apigateway.Messages(map[string]apigateway.Action{"echo": apigateway.Echo}, apigateway.RequestLogger{Logger: logger})(t.Context(), event)
		if err != nil || !strings.Contains(response.Body, want) {
			t.Errorf("token that ends in %v: %s, %v", offset, response.Body, err)
		}
	}
}

// TestEveryRefusalHasTheID of its message, if the message is JSON with one that is valid: a client that waits for its
// answer would wait in vain.
func TestEveryRefusalHasTheID(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"]":"\"[",`+"\n"+`"x":`, n) + "1" + strings.Repeat("}", n) }
	const id = `"id":"7"`
	tests := []struct{ name, message, code, id string }{
		{"fine", `{"action":"echo",` + id + `}`, "", "7"},
		{"an id that begins with an escape", `{"action":"echo","id":"\u0037"}`, "", "7"},
		{"not JSON", `hello "id":"7"`, "invalid_json", ""},
		{"cut off", `{"action":"echo",` + id, "invalid_json", ""},
		{"cut off in a string", `{"action":"echo",` + id + `,"data":"x`, "invalid_json", ""},
		{"cut off in an escape", `{"action":"echo",` + id + `,"data":"x\`, "invalid_json", ""},
		{"sloppy, though API Gateway routes it", `{action:"echo",` + id + `}`, "invalid_json", ""},
		{"two objects", `{"action":"echo",` + id + `}{}`, "invalid_json", ""},
		{"an array", `[{` + id + `}]`, "bad_request", ""},
		{"no action", `{` + id + `}`, "bad_request", "7"},
		{"action is a number", `{"action":5,` + id + `}`, "bad_request", "7"},
		{"action is null", `{` + id + `,"action":null}`, "bad_request", "7"},
		{"65 levels, then the id", `{"action":"echo","data":` + nested(65) + `,` + id + `}`, "bad_request", "7"},
		{"65 levels of objects", `{"action":"echo","data":` + objects(65) + `,` + id + `}`, "bad_request", "7"},
		{"10,000 levels, then the id", `{"action":"echo","data":` + nested(10000) + `,` + id + `}`, "bad_request", "7"},
		{"60,000 levels behind the id", `{` + id + `,"action":"echo","data":` + nested(60000) + `}`, "bad_request", "7"},
		{"too deep, and the id is further below", `{"action":"echo","data":` + strings.Repeat(`{"id":"8","x":`, 65) + `1` + strings.Repeat("}", 65) + `}`, "bad_request", ""},
		{"too deep and not JSON", `{"action":"echo",` + id + `,"data":` + strings.Repeat("[", 100), "bad_request", ""},
		{"too deep and closed otherwise", `{"action":"echo",` + id + `,"data":` + strings.Repeat("[", 100) + strings.Repeat("}", 100) + `}`, "bad_request", ""},
		{"too deep and cut off in a string", `{"action":"echo",` + id + `,"data":` + strings.Repeat("[", 100) + `"x`, "bad_request", ""},
		{"too deep, and more behind it", `{"data":` + nested(100) + `,"action":["a",{"b":1}],` + id + `}`, "bad_request", "7"},
		{"id is a number", `{"action":"echo","id":1}`, "bad_request", ""},
		{"id is null", `{"action":"echo","id":null}`, "bad_request", ""},
		{"id is too long", `{"action":"echo","id":"` + strings.Repeat("x", 65) + `"}`, "bad_request", ""},
		{"id twice", `{"action":"echo","id":"6","id":"7"}`, "bad_request", ""},
		{"data and id twice", `{"action":"echo","data":1,"data":2,"id":"6","id":"7"}`, "bad_request", ""},
		{"a key twice, then the id", `{"action":"echo","data":1,"data":2,` + id + `}`, "bad_request", "7"},
		{"action twice, and no valid id", `{"action":"echo","action":"echo","id":5}`, "bad_request", ""},
		{"data too large", `{"action":"echo","data":"` + strings.Repeat("x", 33<<10) + `",` + id + `}`, "payload_too_large", "7"},
	}
	for _, test := range tests {
		for ends, code := range map[time.Duration]string{time.Hour: test.code, -time.Second: "token_expired"} {
			event := golden(t, "message")
			event.Body = test.message
			event.RequestContext.Authorizer = map[string]any{"user": "ada", "expires": time.Now().Add(ends).Unix()}
			response, err := apigateway.Messages(map[string]apigateway.Action{"echo": apigateway.Echo}, apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler)})(t.Context(), event)
			var got struct{ ID, Code string }
			if err := json.Unmarshal([]byte(response.Body), &got); err != nil {
				t.Fatal(err)
			}
			if err != nil || got.ID != test.id || got.Code != code {
				t.Errorf("%s: %.300s, %v; want the code %q and the id %q", test.name, response.Body, err, code, test.id)
			}
		}
	}
}

func TestRefusedConnect(t *testing.T) {
	logger, _ := logged()
	for err, want := range map[error]int{
		&domain.Error{Code: domain.LimitExceeded}:         429,
		&domain.Error{Code: domain.Forbidden}:             403,
		&domain.Error{Code: domain.Unauthorized}:          401,
		fmt.Errorf("slow: %w", domain.ErrUnavailable):     503,
		errors.New("a programming error in the registry"): 500,
	} {
		connector := domain.Connector{Registry: brokenRegistry{err: err}, Memberships: new(memory.Registry)}
		response, got := apigateway.Connect(connector, apigateway.RequestLogger{Logger: logger})(t.Context(), golden(t, "connect"))
		if got != nil || response.StatusCode != want || response.Headers != nil {
			t.Errorf("%v: %+v, %v", err, response, got)
		}
	}
}

type brokenRegistry struct {
	domain.Registry
	err error
}

func (r brokenRegistry) Connect(context.Context, domain.Connection) error { return r.err }

func TestUnknownRouteIsAFault(t *testing.T) {
	logger, _ := logged()
	if _, err := apigateway.Messages(nil, apigateway.RequestLogger{Logger: logger})(t.Context(), golden(t, "message")); err == nil {
		t.Error("a route that is not served did not fail")
	}
}

// authenticator answers with fixed values.
type authenticator struct {
	who domain.Identity
	err error
}

func (a authenticator) Authenticate(context.Context, domain.Credentials) (domain.Identity, error) {
	return a.who, a.err
}

func TestAuthorize(t *testing.T) {
	logger, _ := logged()
	event := apigateway.AuthorizerEvent{}
	event.MethodArn = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/dev/$connect"
	ask := func(who domain.Identity, err error) (events.APIGatewayCustomAuthorizerResponse, error) {
		return apigateway.Authorize(authenticator{who, err}, apigateway.Handshake{}, apigateway.RequestLogger{Logger: logger})(t.Context(), event)
	}
	got, err := ask(domain.Identity{User: "ada", ExpiresAt: time.Unix(1707509503, 0), Grants: "wsecho:tell"}, nil)
	statement := got.PolicyDocument.Statement[0]
	if err != nil || got.PrincipalID != "ada" || statement.Effect != "Allow" || statement.Resource[0] != event.MethodArn ||
		fmt.Sprint(got.Context) != "map[expires:1707509503 grants:wsecho:tell user:ada]" {
		t.Errorf("Allow = %+v, %v", got, err)
	}
	got, err = ask(domain.Identity{}, &domain.Error{Code: domain.Forbidden})
	if err != nil || got.PolicyDocument.Statement[0].Effect != "Deny" {
		t.Errorf("forbidden = %+v, %v", got, err)
	}
	if _, err = ask(domain.Identity{}, &domain.Error{Code: domain.Unauthorized}); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("unauthorized = %v", err)
	}
	if _, err = ask(domain.Identity{}, errors.New("boom")); err == nil || err.Error() == "Unauthorized" {
		t.Errorf("a fault = %v", err)
	}
}
