package gateway_test

import (
	"maps"
	"strings"
	"testing"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

const methodARN = "arn:aws:execute-api:us-east-1:123456789012:localapi00/dev/$connect"

// verdict is an authorizer's answer with the statements and the context.
func verdict(statements, context string) string {
	return `{"principalId":"p","policyDocument":{"Version":"2012-10-17","Statement":[` + statements + `]},"context":` + context + `}`
}

func statement(effect, resource string) string {
	return `{"Effect":"` + effect + `","Action":"execute-api:Invoke","Resource":"` + resource + `"}`
}

// guarded starts a stage with an authorizer in front of $connect.
func guarded(t *testing.T, answer func(event) (string, error), sources ...string) (s *stage, authorizer, b *backend) {
	authorizer, b = newBackend(t, answer), newBackend(t, always(ok))
	cfg := config(b, "$connect", "$disconnect", "$default")
	cfg.Authorizer = &gateway.Authorizer{Handler: authorizer, IdentitySources: sources}
	cfg.StageVariables = map[string]string{"color": "blue"}
	return serve(t, cfg), authorizer, b
}

func TestStatementsAuthorizer(t *testing.T) {
	allow := always(verdict(statement("Allow", methodARN), `{"userId":"u1"}`))

	t.Run("A01 401 for a missing identity source, and nobody is asked", func(t *testing.T) {
		s, authorizer, _ := guarded(t, allow, "route.request.querystring.token", "route.request.header.X-Tenant")
		for _, query := range []string{"", "?token=", "?other=1", "?token=1"} {
			if body := gatewaytest.Refused(t, 401, s.URL+query); body != `{"message":"Unauthorized"}` {
				t.Errorf("%s: the body is %s", query, body)
			}
		}
		gatewaytest.Refused(t, 401, s.URL, "X-Tenant: a")
		authorizer.none()
		connect(t, s.URL+"?token=1", "x-tenant: a")
	})
	t.Run("A02 403 for Deny, and $connect is not called", func(t *testing.T) {
		s, _, b := guarded(t, always(verdict(statement("Allow", "*")+","+statement("Deny", methodARN), `{}`)))
		if body := gatewaytest.Refused(t, 403, s.URL); body != `{"message":"Forbidden"}` {
			t.Errorf("the body is %s", body)
		}
		b.none()
	})
	t.Run("A03 401 when it throws Unauthorized", func(t *testing.T) {
		s, _, _ := guarded(t, throws("Unauthorized"))
		gatewaytest.Refused(t, 401, s.URL)
	})
	t.Run("A04 500 when it throws anything else or returns no policy", func(t *testing.T) {
		for _, answer := range []string{
			`{"statusCode":401}`, `{"isAuthorized":true}`, `null`, `"Unauthorized"`, ``, `{"principalId":"p"}`,
			`{"policyDocument":{"Statement":[` + statement("Allow", "*") + `]}}`,
			verdict(statement("Allow", "*"), `{"nested":{}}`), verdict(statement("Allow", "*"), `{"list":[1]}`),
		} {
			s, _, _ := guarded(t, always(answer))
			t.Log(answer)
			gatewaytest.Refused(t, 500, s.URL)
		}
		for _, message := range []string{"boom", "unauthorized", "Unauthorized."} {
			s, _, _ := guarded(t, throws(message))
			gatewaytest.Refused(t, 500, s.URL)
		}
	})
	t.Run("A05 403 when no statement covers the route", func(t *testing.T) {
		for resource, status := range map[string]int{
			methodARN: 101, "*": 101, "arn:aws:execute-api:*": 101, "arn:aws:execute-api:us-east-1:*:*/dev/*": 101,
			"arn:aws:execute-api:us-east-1:123456789012:localapi0?/dev/$connect": 101,
			strings.ToUpper(methodARN): 403, "arn:aws:execute-api:us-east-1:123456789012:localapi00/prod/*": 403,
			methodARN + "x": 403, "": 403, "arn:aws:execute-api:us-east-1:123456789012:localapi00/dev/?": 403,
		} {
			s, _, _ := guarded(t, always(verdict(statement("Allow", resource), `{}`)))
			if c := gatewaytest.Handshake(t, s.URL); c.Response.StatusCode != status {
				t.Errorf("Allow on %q: %s, want %d", resource, c.Response.Status, status)
			}
		}
	})
	t.Run("A06 the context is in the CONNECT event, with integrationLatency", func(t *testing.T) {
		s, _, b := guarded(t, allow)
		connect(t, s.URL)
		got := b.next().RequestContext.Authorizer
		if _, number := got["integrationLatency"].(float64); !number || got["userId"] != "u1" || got["principalId"] != "p" || len(got) != 3 {
			t.Errorf("authorizer = %v", got)
		}
	})
	t.Run("A07 the context is in MESSAGE events, without integrationLatency", func(t *testing.T) {
		s, _, b := guarded(t, allow)
		c := connect(t, s.URL)
		b.next()
		c.Send("hi")
		wantContext(t, b.next())
	})
	t.Run("A08 the context is in the DISCONNECT event, and nobody is asked again", func(t *testing.T) {
		s, authorizer, b := guarded(t, allow)
		c := connect(t, s.URL)
		b.next()
		c.Conn.Close()
		wantContext(t, b.next())
		authorizer.next()
		authorizer.none()
	})
	t.Run("A09 every connect asks", func(t *testing.T) {
		s, authorizer, _ := guarded(t, allow, "route.request.querystring.token")
		connect(t, s.URL+"?token=1")
		connect(t, s.URL+"?token=1")
		authorizer.next()
		authorizer.next()
	})
	t.Run("A10 what the authorizer gets", func(t *testing.T) {
		s, authorizer, b := guarded(t, allow)
		connect(t, s.URL+"?q=1&q=2")
		e, ce := authorizer.next(), b.next()
		if e.Type != "REQUEST" || e.MethodARN != methodARN || e.StageVariables["color"] != "blue" {
			t.Errorf("event %s", e.raw)
		}
		for _, name := range []string{"Connection", "Upgrade", "Host", "content-length", "Sec-WebSocket-Key"} {
			if e.Headers[name] == "" || len(e.Multi[name]) != 1 {
				t.Errorf("the header %s is missing in %s", name, e.raw)
			}
		}
		if e.Query["q"] != "2" || len(e.MultiQuery["q"]) != 2 || strings.Contains(e.raw, "isBase64Encoded") {
			t.Errorf("event %s", e.raw)
		}
		if e.RequestContext.ConnectionID != ce.RequestContext.ConnectionID || e.RequestContext.Authorizer != nil {
			t.Errorf("contexts of %s and %s", e.raw, ce.raw)
		}
	})
}

func wantContext(t *testing.T, e event) {
	t.Helper()
	if want := map[string]any{"userId": "u1", "principalId": "p"}; !maps.Equal(e.RequestContext.Authorizer, want) {
		t.Errorf("%s: authorizer = %v, want %v", e.RequestContext.EventType, e.RequestContext.Authorizer, want)
	}
}

func TestAuthorizerContextValues(t *testing.T) {
	s, _, b := guarded(t, always(verdict(statement("Allow", "*"), `{"n":1.50,"b":true,"s":"<x>"}`)))
	connect(t, s.URL)
	got := b.next().RequestContext.Authorizer
	if got["n"] != "1.50" || got["b"] != "true" || got["s"] != "<x>" {
		t.Errorf("authorizer = %v, want numbers and booleans as text", got)
	}
}

func TestPolicyForms(t *testing.T) {
	for name, c := range map[string]struct {
		statements string
		status     int
	}{
		"lists":                  {`{"Effect":"Allow","Action":["a:B","EXECUTE-API:invoke"],"Resource":["x","` + methodARN + `"]}`, 101},
		"another action":         {`{"Effect":"Allow","Action":"execute-api:ManageConnections","Resource":"*"}`, 403},
		"NotResource":            {`{"Effect":"Allow","Action":"*","NotResource":"arn:other"}`, 101},
		"Deny with NotAction":    {statement("Allow", "*") + `,{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}`, 403},
		"Allow with a condition": {`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{}}}`, 403},
		"no statement":           {``, 403},
		"a wrong effect":         {`{"Effect":"allow","Action":"*","Resource":"*"}`, 403},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := guarded(t, always(verdict(c.statements, `{}`)))
			if h := gatewaytest.Handshake(t, s.URL); h.Response.StatusCode != c.status {
				t.Errorf("%s, want %d", h.Response.Status, c.status)
			}
		})
	}
}

func TestIdentitySources(t *testing.T) {
	s, _, _ := guarded(t, always(verdict(statement("Allow", "*"), `{}`)), "stageVariables.color", "context.identity.sourceIp", "context.stage")
	connect(t, s.URL)
	s, _, _ = guarded(t, always(verdict(statement("Allow", "*"), `{}`)), "stageVariables.size")
	gatewaytest.Refused(t, 401, s.URL)
	s, _, _ = guarded(t, always(verdict(statement("Allow", "*"), `{}`)), "context.nothing.here")
	gatewaytest.Refused(t, 401, s.URL)
}
