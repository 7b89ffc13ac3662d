package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/gateway"
	"wsecho/adapters/gateway/gatewaytest"
)

// stage is a running gateway.
type stage struct{ *gatewaytest.Server }

// serve runs a gateway on a loopback port until the test ends, when nothing of it may be left.
func serve(t testing.TB, cfg gateway.Config) *stage {
	t.Helper()
	return &stage{gatewaytest.Serve(t, cfg)}
}

func (s *stage) connection(id string) string {
	return s.Endpoint + "/@connections/" + strings.ReplaceAll(id, "=", "%3D")
}

// event is an event as a handler got it.
type event struct {
	raw            string
	Body           *string
	Headers        map[string]string
	Multi          map[string][]string `json:"multiValueHeaders"`
	Query          map[string]string   `json:"queryStringParameters"`
	MultiQuery     map[string][]string `json:"multiValueQueryStringParameters"`
	StageVariables map[string]string
	Type           string
	MethodARN      string `json:"methodArn"`
	RequestContext struct {
		RouteKey, EventType, ConnectionID, RequestID, ExtendedRequestID, MessageID string
		RequestTime, Stage, DomainName, APIID, MessageDirection                    string
		ConnectedAt, RequestTimeEpoch                                              int64
		DisconnectStatusCode                                                       int
		DisconnectReason                                                           *string
		Authorizer                                                                 map[string]any
		Identity                                                                   map[string]any
	}
}

// backend records the events it is invoked with and answers as it is told.
type backend struct {
	t      testing.TB
	events chan event
	answer func(event) (string, error)
}

// ok is the answer of a handler that has nothing to say.
const ok = `{"statusCode":200}`

func newBackend(t testing.TB, answer func(event) (string, error)) *backend {
	return &backend{t, make(chan event, 10000), answer}
}

// always answers every event with the same text.
func always(text string) func(event) (string, error) {
	return func(event) (string, error) { return text, nil }
}

// throws fails every event.
func throws(message string) func(event) (string, error) {
	return func(event) (string, error) { return "", errors.New(message) }
}

func (b *backend) Invoke(_ context.Context, raw []byte) ([]byte, error) {
	e := event{raw: string(raw)}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	b.events <- e
	answer, err := b.answer(e)
	return []byte(answer), err
}

// next waits for the next event.
func (b *backend) next() event {
	b.t.Helper()
	select {
	case e := <-b.events:
		return e
	case <-time.After(gatewaytest.Timeout):
		b.t.Fatal("no event came")
		panic("unreachable")
	}
}

// none checks that no event came so far.
func (b *backend) none() {
	b.t.Helper()
	select {
	case e := <-b.events:
		b.t.Errorf("unexpected event %s", e.raw)
	default:
	}
}

// routes makes routes of one handler each.
func routes(h gateway.Handler, keys ...string) map[string]gateway.Route {
	m := map[string]gateway.Route{}
	for _, key := range keys {
		m[key] = gateway.Route{Handler: h}
	}
	return m
}

// echoRoutes answer messages with their text.
func echoRoutes(keys ...string) map[string]gateway.Route {
	m := map[string]gateway.Route{}
	for _, key := range keys {
		m[key] = gateway.Route{Handler: echo, Reply: true}
	}
	return m
}

var echo = gateway.Typed(func(_ context.Context, e struct{ Body string }) (map[string]any, error) {
	return map[string]any{"statusCode": 200, "body": e.Body}, nil
})

// config is a stage with one handler for all of the routes.
func config(h gateway.Handler, keys ...string) gateway.Config {
	return gateway.Config{Routes: routes(h, keys...)}
}
