package gateway

import (
	"encoding/json"
	"testing"
)

// FuzzMessageEvent holds the events that are written by hand to those that encoding/json writes of the same values.
func FuzzMessageEvent(f *testing.F) {
	for _, text := range []string{``, `{"action":"echo"}`, "a\nb\tc\x00\x7f", "<>&", "ü€😀\u2028\u2029", "\xff", `\"`} {
		f.Add(text, "echo", "ada", int64(1707502303419))
	}
	f.Fuzz(func(t *testing.T, body, route, other string, at int64) {
		for _, variables := range []stageVariables{nil, {}, {route: other}} {
			for _, authorizer := range []json.RawMessage{nil, encode(map[string]string{"user": other})} {
				ctx := requestContext{
					RouteKey: route, Authorizer: authorizer, MessageID: "m" + other, EventType: eventMessage,
					ExtendedRequestID: "x", RequestTime: "09/Feb/2024:18:11:43 +0000", MessageDirection: "IN", Stage: "s" + other,
					ConnectedAt: at, RequestTimeEpoch: -at, Identity: identity{UserAgent: other, SourceIP: "203.0.113.7"},
					RequestID: "r" + other, DomainName: other, ConnectionID: "c" + other, APIID: "a" + other,
				}
				want := encode(proxyEvent{StageVariables: variables, RequestContext: ctx, Body: &body})
				if got := appendMessageEvent(nil, variables, &ctx, body); string(got) != string(want) {
					t.Errorf("appendMessageEvent() =\n%s\nwant\n%s", got, want)
				}
			}
		}
	})
}
