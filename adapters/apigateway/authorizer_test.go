package apigateway_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/adapters/apigateway"
	"wsecho/domain"
)

// seen is an authenticator that keeps what it was shown, and answers with an error.
type seen struct {
	shown []domain.Credentials
	err   error
}

func (s *seen) Authenticate(_ context.Context, c domain.Credentials) (domain.Identity, error) {
	s.shown = append(s.shown, c)
	return domain.Identity{User: c.User}, s.err
}

// request is an event with headers as some emulators send it: in lower case and without the lists of values.
func request(headers map[string]string, query map[string]string) events.APIGatewayCustomAuthorizerRequestTypeRequest {
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{Headers: headers, QueryStringParameters: query}
}

func ask(t *testing.T, by domain.Authenticator, h apigateway.Handshake, logger *slog.Logger, event events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	return apigateway.Authorize(by, h, apigateway.RequestLogger{Logger: logger})(t.Context(), apigateway.AuthorizerEvent{APIGatewayCustomAuthorizerRequestTypeRequest: event})
}

func TestCredentialsOfPlainEvents(t *testing.T) {
	origins, err := apigateway.ParseOrigins("https://app.example")
	if err != nil {
		t.Fatal(err)
	}
	strict := apigateway.Handshake{Tokens: true, Origins: origins}
	lax := apigateway.Handshake{Tokens: true, QueryToken: true, Origins: origins}
	tests := []struct {
		name    string
		h       apigateway.Handshake
		headers map[string]string
		query   map[string]string
		token   string // Empty: refused.
	}{
		{"header", strict, map[string]string{"authorization": "Bearer a.b.c"}, nil, "a.b.c"},
		{"subprotocol", strict, map[string]string{"sec-websocket-protocol": "wsecho.v1,bearer.a.b.c"}, nil, "a.b.c"},
		{"query", lax, nil, map[string]string{"token": "a.b.c"}, "a.b.c"},
		{"query that is not allowed", strict, nil, map[string]string{"token": "a.b.c"}, ""},
		{"origin", strict, map[string]string{"authorization": "Bearer a.b.c", "origin": "https://app.example"}, nil, "a.b.c"},
		{"another origin", strict, map[string]string{"authorization": "Bearer a.b.c", "origin": "https://evil.example"}, nil, ""},
		{"nothing", strict, nil, nil, ""},
	}
	for _, test := range tests {
		by := new(seen)
		_, _ = ask(t, by, test.h, slog.New(slog.DiscardHandler), request(test.headers, test.query))
		switch {
		case test.token == "" && len(by.shown) > 0:
			t.Errorf("%s: the authenticator was shown %+v", test.name, by.shown)
		case test.token != "" && (len(by.shown) != 1 || by.shown[0] != domain.Credentials{Token: test.token}):
			t.Errorf("%s: the authenticator was shown %+v, want the token %s", test.name, by.shown, test.token)
		}
	}
}

// TestEveryValueOfAHeaderCounts: the plain map has only the last of several.
func TestEveryValueOfAHeaderCounts(t *testing.T) {
	event := request(map[string]string{"Authorization": "Bearer b"}, nil)
	event.MultiValueHeaders = map[string][]string{"authorization": {"Bearer a"}, "Authorization": {"Bearer b"}}
	by := new(seen)
	_, err := ask(t, by, apigateway.Handshake{Tokens: true}, slog.New(slog.DiscardHandler), event)
	if err == nil || err.Error() != "Unauthorized" || len(by.shown) > 0 {
		t.Errorf("two tokens: %v; shown %v", err, by.shown)
	}
}

func TestParseOrigins(t *testing.T) {
	for _, list := range []string{
		"*,https://app.example", "**", "https://*.example", "app.example", "https://app.example/", "https://app.example:0", "https://", "https://a b",
		"https://app.example;https://b.example", "https://\u0430pp.example", "Null", "https://user@app.example",
	} {
		if _, err := apigateway.ParseOrigins(list); err == nil {
			t.Errorf("ParseOrigins(%q) found nothing wrong", list)
		}
	}
	for list, empty := range map[string]bool{"": true, " , ": true, "null": false, "*": false, "https://app.example": false, "chrome-extension://abcdef": false} {
		if origins, err := apigateway.ParseOrigins(list); err != nil || origins.Empty() != empty {
			t.Errorf("ParseOrigins(%q): Empty = %v, %v", list, origins.Empty(), err)
		}
	}
	if apigateway.AnyOrigin.Empty() || apigateway.LoopbackOrigins.Empty() {
		t.Error("AnyOrigin or LoopbackOrigins is empty")
	}
}

// TestNullOriginIfListed: only the very word, and only then.
func TestNullOriginIfListed(t *testing.T) {
	for list, admitted := range map[string]bool{"null": true, "https://app.example": false} {
		origins, _ := apigateway.ParseOrigins(list)
		h := apigateway.Handshake{Origins: origins}
		got, err := ask(t, new(seen), h, slog.New(slog.DiscardHandler), request(map[string]string{"Origin": "null"}, nil))
		if effect := got.PolicyDocument.Statement[0].Effect; err != nil || (effect == "Allow") != admitted {
			t.Errorf("with the list %q null gets %s, %v", list, effect, err)
		}
	}
}

// TestOwnPage: the page of the host that is asked, if that is wanted; and who hides its origin is no program.
func TestOwnPage(t *testing.T) {
	const site = "Sec-Fetch-Site"
	for _, test := range []struct {
		name                  string
		headers               map[string]string
		own, others, everyone bool
	}{
		{"a program", map[string]string{"Host": "a.test"}, true, true, true},
		{"its page", map[string]string{"Host": "a.test:8080", "Origin": "http://a.test:8080"}, true, false, true},
		{"with the port of TLS", map[string]string{"Host": "a.test", "Origin": "https://a.test:443"}, true, false, true},
		{"another port", map[string]string{"Host": "a.test:8080", "Origin": "http://a.test:8081"}, false, false, true},
		{"no port, but it needs one", map[string]string{"Host": "a.test:8080", "Origin": "http://a.test"}, false, false, true},
		{"another host", map[string]string{"Host": "a.test", "Origin": "http://b.test"}, false, false, true},
		{"no host", map[string]string{"Origin": "http://a.test"}, false, false, true},
		{"neither", map[string]string{"Host": "", "Origin": "http://"}, false, false, true},
		{"no origin", map[string]string{"Host": "null", "Origin": "null"}, false, false, true},
		{"a page that hides", map[string]string{"Host": "a.test", site: "cross-site"}, false, false, true},
		{"its page that hides", map[string]string{"Host": "a.test", site: "same-origin"}, true, true, true},
	} {
		for _, as := range []struct {
			h    apigateway.Handshake
			want bool
		}{{apigateway.Handshake{OwnPage: true}, test.own}, {apigateway.Handshake{}, test.others}, {apigateway.Handshake{Origins: apigateway.AnyOrigin}, test.everyone}} {
			got, err := ask(t, new(seen), as.h, slog.New(slog.DiscardHandler), request(test.headers, nil))
			if effect := got.PolicyDocument.Statement[0].Effect; err != nil || (effect == "Allow") != as.want {
				t.Errorf("%s: %+v gives %s, %v", test.name, as.h, effect, err)
			}
		}
	}
}

// TestTheLogHasTheReasonAndNoSecret, whatever comes of the request.
func TestTheLogHasTheReasonAndNoSecret(t *testing.T) {
	const token, name = "secret.secret.secret", "hidden"
	for reason, by := range map[string]*seen{
		`"code":"ok"`:           {},
		"the token has expired": {err: &domain.Error{Code: domain.Unauthorized, Message: "the token has expired"}},
		"is no user name":       {err: &domain.Error{Code: domain.Forbidden, Message: "the token's subject is no user name"}},
		`"cause":"boom: not`:    {err: fmt.Errorf("boom: %w", domain.ErrUnavailable)},
		`"cause":"fault"`:       {err: errors.New("fault")},
	} {
		logger, log := logged()
		h := apigateway.Handshake{Tokens: true, QueryToken: true, Origins: apigateway.AnyOrigin}
		event := request(map[string]string{"Authorization": "Bearer " + token, "Origin": "https://" + name}, map[string]string{"token": token, "user": name})
		_, err := ask(t, by, h, logger, event)
		for _, text := range []string{log.String(), fmt.Sprint(err)} {
			if strings.Contains(text, "secret") || strings.Contains(text, name) {
				t.Errorf("%s: %s", reason, text)
			}
		}
		if !strings.Contains(log.String(), reason) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("the log is %s, want one line with %s", log, reason)
		}
	}
}

// TestRefusedHandshakesAreLoggedWithoutSecrets: those that the authenticator never sees.
func TestRefusedHandshakesAreLoggedWithoutSecrets(t *testing.T) {
	for reason, event := range map[string]events.APIGatewayCustomAuthorizerRequestTypeRequest{
		"origin":        request(map[string]string{"Origin": "https://secret.example"}, nil),
		"query string":  request(nil, map[string]string{"token": "secret"}),
		"different":     request(map[string]string{"Authorization": "Bearer secret1", "Sec-WebSocket-Protocol": "wsecho.v1, bearer.secret2"}, nil),
		"subprotocol":   request(map[string]string{"Sec-WebSocket-Protocol": "bearer.secret"}, nil),
		"Authorization": request(map[string]string{"Authorization": "Basic secret"}, nil),
		"is no token":   request(map[string]string{"Cookie": "secret"}, nil),
	} {
		logger, log := logged()
		by := new(seen)
		_, _ = ask(t, by, apigateway.Handshake{Tokens: true}, logger, event)
		if !strings.Contains(log.String(), reason) || strings.Contains(log.String(), "secret") || len(by.shown) > 0 {
			t.Errorf("the log is %s, want the reason %s", log, reason)
		}
	}
}
