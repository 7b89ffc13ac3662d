package apigateway_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"wsecho/adapters/apigateway"
)

// FuzzMessage sends anything at all: the answer is always one JSON frame of bounded size with the fields that every
// client may rely on.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		"", "hello", "null", "5", `"x"`, "[1]", "{}", `{"action":"echo"}`, `{"action":"echo","data":{"a":[1,2,"\ud800"]}}`,
		`{"action":"echo","id":"1","id":"2"}`, `{"action":"echo","id":5}`, `{"action":null}`, "\xff\xfe", `{"action":"\u0000"}`,
		strings.Repeat("[", 70), `{"action":"echo","data":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
		`{"action":"echo","data":"` + strings.Repeat("<", 32000) + `"}`, `{"data":"]]]]","action":"echo"}`, `{"action":"echo`, `{"action":"echo\`,
	} {
		f.Add(seed)
	}
	logger := slog.New(slog.DiscardHandler)
	f.Fuzz(func(t *testing.T, body string) {
		frame := handle(t, apigateway.Echo, body, logger)
		var got struct{ Type, Code, Message, ConnectionID, RequestID string }
		if err := json.Unmarshal([]byte(frame), &got); err != nil {
			t.Fatalf("%.200q was answered with %.200q: %v", body, frame, err)
		}
		if got.Type != "echo" && (got.Type != "error" || got.Code == "internal" || got.Message == "" || got.ConnectionID == "" || got.RequestID == "") {
			t.Errorf("%.200q was answered with %.200q", body, frame)
		}
		if len(frame) > len(body)+1000 {
			t.Errorf("%d bytes swelled to %d", len(body), len(frame))
		}
	})
}

func TestUnknownActionIsShownInPart(t *testing.T) {
	frame := handle(t, apigateway.Unknown, `{"action":"`+strings.Repeat("ä", 10000)+`"}`, slog.New(slog.DiscardHandler))
	if !strings.Contains(frame, `"details":{"action":"`+strings.Repeat("ä", 64)+`"}`) {
		t.Errorf("frame = %.500s", frame)
	}
}
