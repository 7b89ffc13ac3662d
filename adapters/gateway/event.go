package gateway

import (
	"bytes"
	"encoding/json"
	"time"
)

// proxyEvent is what a Lambda proxy integration gets: members that don't belong to a kind of event are absent, never
// null.
type proxyEvent struct {
	Headers           map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders,omitempty"`
	Query             map[string]string   `json:"queryStringParameters,omitempty"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters,omitempty"`
	StageVariables    stageVariables      `json:"stageVariables,omitzero"`
	RequestContext    requestContext      `json:"requestContext"`
	Body              *string             `json:"body,omitempty"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

// authorizerEvent is what a REQUEST authorizer gets.
type authorizerEvent struct {
	Type              string              `json:"type"`
	MethodARN         string              `json:"methodArn"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	StageVariables    stageVariables      `json:"stageVariables"`
	RequestContext    requestContext      `json:"requestContext"`
}

// stageVariables are absent from a proxy event when nil, and {} in an authorizer event when empty.
type stageVariables map[string]string

// IsZero tells encoding/json what to leave out.
func (v stageVariables) IsZero() bool { return v == nil }

// variables makes {} of nothing.
func variables(v map[string]string) stageVariables {
	if v == nil {
		return stageVariables{}
	}
	return v
}

// requestContext has its members in the order in which API Gateway writes them.
type requestContext struct {
	RouteKey             string          `json:"routeKey"`
	Authorizer           json.RawMessage `json:"authorizer,omitempty"`
	MessageID            string          `json:"messageId,omitempty"`
	DisconnectStatusCode int             `json:"disconnectStatusCode,omitempty"`
	EventType            string          `json:"eventType"`
	ExtendedRequestID    string          `json:"extendedRequestId"`
	RequestTime          string          `json:"requestTime"`
	MessageDirection     string          `json:"messageDirection"`
	DisconnectReason     *string         `json:"disconnectReason,omitempty"`
	Stage                string          `json:"stage"`
	ConnectedAt          int64           `json:"connectedAt"`
	RequestTimeEpoch     int64           `json:"requestTimeEpoch"`
	Identity             identity        `json:"identity"`
	RequestID            string          `json:"requestId"`
	DomainName           string          `json:"domainName"`
	ConnectionID         string          `json:"connectionId"`
	APIID                string          `json:"apiId"`

	user string // For the log.
}

// identity is who connected, as far as API Gateway tells.
type identity struct {
	UserAgent string `json:"userAgent,omitempty"`
	SourceIP  string `json:"sourceIp"`
}

// Kinds of events.
const (
	eventConnect    = "CONNECT"
	eventMessage    = "MESSAGE"
	eventDisconnect = "DISCONNECT"
)

// requestTimeLayout is the Common Log Format, always UTC.
const requestTimeLayout = "02/Jan/2006:15:04:05 -0700"

// newContext describes a request of a connection that begins now.
func (c *conn) newContext(eventType, routeKey string) requestContext {
	now, requestID := time.Now(), newID()
	return requestContext{
		RouteKey:          routeKey,
		Authorizer:        c.authorizer,
		EventType:         eventType,
		ExtendedRequestID: requestID,
		RequestTime:       now.UTC().Format(requestTimeLayout),
		MessageDirection:  "IN",
		Stage:             c.g.cfg.Stage,
		ConnectedAt:       c.connectedAt.UnixMilli(),
		RequestTimeEpoch:  now.UnixMilli(),
		Identity:          c.identity,
		RequestID:         requestID,
		DomainName:        c.domain,
		ConnectionID:      c.id,
		APIID:             c.g.cfg.APIID,
		user:              c.user,
	}
}

// messageEvent has a body and nothing of the upgrade request: no headers, no query string.
func (c *conn) messageEvent(ctx requestContext, body string) []byte {
	return appendMessageEvent(make([]byte, 0, 1<<10+len(body)+len(body)/4), c.g.stageVariables, &ctx, body)
}

// disconnectEvent has four headers only, three of them empty.
func (c *conn) disconnectEvent(ctx requestContext) []byte {
	host := c.domain
	return encode(proxyEvent{
		Headers: map[string]string{"Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""},
		MultiValueHeaders: map[string][]string{
			"Host": {host}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""},
		},
		StageVariables: c.g.stageVariables,
		RequestContext: ctx,
	})
}

// encode writes JSON without escaping <, > and &, so that a message doesn't swell on its way to the handler.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("gateway: an event can't be encoded: " + err.Error()) // Strings, numbers and checked JSON only.
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
