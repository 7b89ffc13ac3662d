package apigateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/apigateway"
)

// TestDurationInTheLog is in milliseconds, as its name says, and in parts of them.
func TestDurationInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, log := logged()
		slow := func(context.Context, apigateway.Request) (apigateway.Reply, error) {
			time.Sleep(1500 * time.Microsecond)
			return apigateway.Reply{}, nil
		}
		handle(t, slow, `{"action":"echo"}`, logger)
		if want := `"durationMs":1.5`; !strings.Contains(log.String(), want) {
			t.Errorf("logged %s, want %s", log, want)
		}
	})
}

// TestMetrics reads the metric of a request as CloudWatch does: the names in _aws are members of the same line.
func TestMetrics(t *testing.T) {
	var out bytes.Buffer
	logger := apigateway.RequestLogger{Logger: slog.New(slog.DiscardHandler), Metrics: &out, Stack: "wsecho"}
	handler := apigateway.Messages(map[string]apigateway.Action{"echo": apigateway.Unknown}, logger)
	if _, err := handler(t.Context(), golden(t, "message")); err != nil {
		t.Fatal(err)
	}
	var line struct {
		Requests    int
		Route, Code string

		Stack string
		AWS   struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	if line.Requests != 1 || line.Route != "echo" || line.Code != "unknown_action" || line.Stack != "wsecho" || line.AWS.Timestamp == 0 {
		t.Errorf("metric line %s", &out)
	}
	d := line.AWS.CloudWatchMetrics[0]
	if d.Namespace != "wsEcho" || len(d.Dimensions) != 1 || len(d.Dimensions[0]) != 3 || d.Metrics[0].Name != "Requests" || d.Metrics[0].Unit != "Count" {
		t.Errorf("directive %+v", d)
	}
}
