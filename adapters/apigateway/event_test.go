package apigateway

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// looked returns of an event what handlers look at, as encoding/json reads it.
func looked(payload []byte) (e events.APIGatewayWebsocketProxyRequest, err error) {
	var all events.APIGatewayWebsocketProxyRequest
	err = json.Unmarshal(payload, &all)
	in := all.RequestContext
	e.Body, e.Headers, e.MultiValueHeaders = all.Body, all.Headers, all.MultiValueHeaders
	e.RequestContext = events.APIGatewayWebsocketProxyRequestContext{
		RouteKey: in.RouteKey, ConnectionID: in.ConnectionID, RequestID: in.RequestID, Stage: in.Stage,
		ConnectedAt: in.ConnectedAt, Authorizer: in.Authorizer,
	}
	return e, err
}

func goldenEvents(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.json")
	if len(files) == 0 {
		t.Fatal("there are no golden events")
	}
	all := map[string][]byte{}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = payload
	}
	return all
}

func TestEventsAreReadAsEncodingJSONReadsThem(t *testing.T) {
	payloads := goldenEvents(t)
	payloads["escapes"] = []byte(`{"body":"\"\\\/\b\f\n\r\té😀 ü","requestContext":{"routeKey":"a\"b"}}`)
	payloads["nulls"] = []byte(` {"body":null,"headers":null,"requestContext":{"stage":null,"authorizer":null,"connectedAt":null}} `)
	payloads["nothing"] = []byte(`{}`)
	payloads["no context"] = []byte(`{"requestContext":null}`)
	payloads["twice"] = []byte(`{"body":"a","body":"b"}`)
	for name, payload := range payloads {
		t.Run(name, func(t *testing.T) {
			want, err := looked(payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decodeEvent(payload)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("decodeEvent() = %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestWhatIsNoEventIsAnError(t *testing.T) {
	for _, payload := range []string{
		``, `{`, `null x`, `[]`, `"event"`, `{"body":1}`, `{"body":{}}`, `{"headers":[]}`, `{"requestContext":[]}`,
		`{"requestContext":{"connectedAt":"yesterday"}}`, `{"requestContext":{"routeKey":7}}`,
	} {
		handler := Handler(func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
			t.Errorf("the handler got %s", payload)
			return events.APIGatewayProxyResponse{}, nil
		})
		if out, err := handler.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("Invoke(%s) = %s, want an error", payload, out)
		}
	}
}

// FuzzEvent holds the reading of events to encoding/json's, and sees that nothing makes it panic.
func FuzzEvent(f *testing.F) {
	for _, payload := range goldenEvents(f) {
		f.Add(payload, "hello", "echo", int64(1707502303419))
	}
	f.Fuzz(func(t *testing.T, anything []byte, body, key string, at int64) {
		_, _ = decodeEvent(anything)
		payload, err := json.Marshal(events.APIGatewayWebsocketProxyRequest{
			Body: body, Headers: map[string]string{key: body}, RequestContext: events.APIGatewayWebsocketProxyRequestContext{
				RouteKey: key, ConnectedAt: at, Authorizer: map[string]any{key: body, body: float64(at)},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		want, _ := looked(payload)
		if got, err := decodeEvent(payload); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("decodeEvent(%s) = %+v, %v\nwant %+v", payload, got, err, want)
		}
	})
}
