package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"wsecho/adapters/gateway/internal/iam"
)

// authorizerTimeout is how long an authorizer may take.
const authorizerTimeout = 29 * time.Second

// maxAuthorizerResult is AWS's quota of a Lambda authorizer's result.
const maxAuthorizerResult = 8 << 10

// authorize asks the authorizer, if there is one, and keeps its context for the events of the connection.
func (u *upgrade) authorize() (latency time.Duration, no *refusal) {
	a := u.g.cfg.Authorizer
	if a == nil {
		return 0, nil
	}
	if source, ok := u.missingSource(); ok {
		return 0, unauthorized("identity source " + source + " is missing or empty")
	}
	start := time.Now()
	out, err, late := u.g.invokeWithin(authorizerTimeout, a.Handler, u.authorizerEvent())
	latency = time.Since(start)
	no = u.decide(out, err, late)
	u.g.logAuthorizer(u, no, err, latency)
	return latency, no
}

// decide takes what the authorizer returned, if it did in time.
func (u *upgrade) decide(out []byte, err error, late bool) *refusal {
	switch {
	case late:
		return authorizerFailed("the authorizer took too long")
	case err != nil && err.Error() == "Unauthorized":
		return unauthorized("the authorizer said Unauthorized")
	case err != nil:
		return authorizerFailed("the authorizer failed: " + err.Error())
	}
	return u.judge(out)
}

func unauthorized(why string) *refusal {
	return &refusal{status: http.StatusUnauthorized, message: "Unauthorized", why: why}
}

func authorizerFailed(why string) *refusal {
	return &refusal{status: http.StatusInternalServerError, message: "Internal server error", why: why}
}

// judge evaluates what the authorizer returned.
func (u *upgrade) judge(out []byte) *refusal {
	if len(out) > maxAuthorizerResult {
		status := u.g.cfg.Assumptions.BigAuthorizerStatus
		u.g.assume(bigAuthorizerIs500, slog.Int("code", status))
		return &refusal{status: status, message: "Internal server error", why: "the authorizer returned more than 8 KB"}
	}
	v, err := parseVerdict(out)
	if err != nil {
		return authorizerFailed(err.Error())
	}
	u.c.user, u.ctx.user = *v.PrincipalID, *v.PrincipalID
	allowed, notes := v.Policy.Allows("execute-api:Invoke", u.methodARN())
	for _, note := range notes {
		u.g.log.Warn("the authorizer's policy: "+note, "connectionId", u.c.id)
	}
	if !allowed {
		return &refusal{status: http.StatusForbidden, message: "Forbidden", why: "the authorizer's policy doesn't allow " + u.methodARN(), user: u.c.user}
	}
	u.c.authorizer, err = u.g.authorizerContext(v)
	if err != nil {
		return authorizerFailed(err.Error())
	}
	return nil
}

// methodARN names the route that is asked for.
func (u *upgrade) methodARN() string {
	c := u.g.cfg
	return "arn:aws:execute-api:" + c.Region + ":" + c.AccountID + ":" + c.APIID + "/" + c.Stage + "/" + routeConnect
}

func (u *upgrade) authorizerEvent() []byte {
	e := authorizerEvent{
		Type:            "REQUEST",
		MethodARN:       u.methodARN(),
		Query:           map[string]string{},
		MultiValueQuery: map[string][]string{},
		StageVariables:  variables(u.g.cfg.StageVariables),
		RequestContext:  u.ctx,
	}
	e.Headers, e.MultiValueHeaders = u.g.fold(u.headers, false)
	if single, multi := query(u.r); single != nil {
		e.Query, e.MultiValueQuery = single, multi
	}
	return encode(e)
}

// verdict is what an authorizer returns: version 1.0 of the format, the only one for WebSocket APIs.
type verdict struct {
	PrincipalID *string                    `json:"principalId"`
	Policy      *iam.Policy                `json:"policyDocument"`
	Context     map[string]json.RawMessage `json:"context"`
}

func parseVerdict(out []byte) (verdict, error) {
	var v verdict
	if err := json.Unmarshal(out, &v); err != nil {
		return v, fmt.Errorf("the authorizer returned no policy: %w", err)
	}
	switch {
	case v.PrincipalID == nil:
		return v, errors.New("the authorizer returned no principalId")
	case v.Policy == nil:
		return v, errors.New("the authorizer returned no policyDocument (simple answers are for HTTP APIs only)")
	}
	return v, nil
}

// authorizerContext is what events show: the context's members and principalId.
func (g *Gateway) authorizerContext(v verdict) (json.RawMessage, error) {
	shown := map[string]any{}
	for name, raw := range v.Context {
		value, err := contextValue(raw)
		if err != nil {
			return nil, fmt.Errorf("the authorizer's context member %q: %w", name, err)
		}
		if _, text := value.(string); !text {
			g.assume(contextIsText, slog.String("member", name))
			if !g.cfg.Assumptions.TypedContext {
				value = string(raw)
			}
		}
		shown[name] = value
	}
	shown["principalId"] = *v.PrincipalID
	return encode(shown), nil
}

// contextValue accepts what a context may hold: text, numbers and booleans.
func contextValue(raw json.RawMessage) (any, error) {
	var value any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	switch value.(type) {
	case string, json.Number, bool:
		return value, nil
	}
	return nil, fmt.Errorf("only text, numbers and booleans are allowed, not %.40s", raw)
}

// withLatency adds the authorizer's latency, which the CONNECT event shows, as a number, and later events don't.
func withLatency(shown json.RawMessage, latency time.Duration) json.RawMessage {
	head := bytes.TrimSuffix(shown, []byte("}"))
	return fmt.Appendf(bytes.Clone(head), `,"integrationLatency":%d}`, latency.Milliseconds())
}

// identitySource is where a value must come from that an authorizer insists on.
type identitySource struct {
	kind, name string // kind: header, querystring, stageVariables or context.
}

func (s identitySource) String() string { return s.kind + "." + s.name }

func (a *Authorizer) validate() error {
	if a.Handler == nil {
		return errors.New("gateway: the authorizer has no handler")
	}
	_, err := parseSources(a.IdentitySources)
	return err
}

func parseSources(expressions []string) ([]identitySource, error) {
	var sources []identitySource
	for _, e := range expressions {
		s, ok := parseSource(strings.TrimSpace(e))
		if !ok {
			return nil, fmt.Errorf("gateway: identity source %q: use route.request.header.NAME, route.request.querystring.NAME, stageVariables.NAME or context.NAME", e)
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func parseSource(e string) (identitySource, bool) {
	for prefix, kind := range map[string]string{
		"route.request.header.": "header", "route.request.querystring.": "querystring",
		"stageVariables.": "stageVariables", "context.": "context",
	} {
		if name, ok := strings.CutPrefix(e, prefix); ok && name != "" {
			return identitySource{kind, name}, true
		}
	}
	return identitySource{}, false
}

// missingSource returns the first identity source that the request doesn't have.
func (u *upgrade) missingSource() (string, bool) {
	for _, s := range u.g.sources {
		if u.sourceValue(s) == "" {
			return s.String(), true
		}
	}
	return "", false
}

func (u *upgrade) sourceValue(s identitySource) string {
	switch s.kind {
	case "header":
		return u.headerSource(s.name)
	case "querystring":
		single, _ := query(u.r)
		return single[s.name]
	case "stageVariables":
		return u.g.cfg.StageVariables[s.name]
	}
	return u.contextSource(s.name)
}

// headerSource looks for a header in any case, unless told otherwise.
func (u *upgrade) headerSource(name string) string {
	for _, h := range u.headers {
		if h.name == name {
			return h.values[len(h.values)-1]
		}
		if !strings.EqualFold(h.name, name) || u.g.cfg.Assumptions.ExactHeaderSources {
			continue
		}
		u.g.assume(sourcesHaveAnyCase, slog.String("source", name), slog.String("header", h.name))
		return h.values[len(h.values)-1]
	}
	return ""
}

// contextSource looks a name up among the members of the request context, such as identity.sourceIp.
func (u *upgrade) contextSource(name string) string {
	var at any
	if err := json.Unmarshal(encode(u.ctx), &at); err != nil {
		return ""
	}
	for part := range strings.SplitSeq(name, ".") {
		object, _ := at.(map[string]any)
		at = object[part]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}
