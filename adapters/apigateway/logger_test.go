package apigateway_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"wsecho/adapters/apigateway"
)

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
