package main

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"wsecho/functions/internal/lambdatest"
)

const event = `{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","stage":"dev","connectedAt":1707502303419,
"requestId":"PJqB0E1tKRcF-Qw=","connectionId":"PJqB0fHsqRcCHlw=","authorizer":{"user":"ada"}},"isBase64Encoded":false}`

func TestBinaryAnswers(t *testing.T) {
	var calls []string
	table := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, r.Header.Get("X-Amz-Target")+" "+string(body))
		io.WriteString(w, "{}")
	}
	got := lambdatest.Invoke(t, lambdatest.Build(t, "."), event, table, "TABLE_NAME=connections", "CONNECTIONS_PER_USER=0")
	if !strings.HasPrefix(got.Answer, `{"statusCode":200`) {
		t.Errorf("answered %s", got.Answer)
	}
	if len(calls) != 2 || !strings.Contains(calls[0], "PutItem") || !strings.Contains(calls[0], `"connections"`) {
		t.Errorf("called %q", calls)
	}
}

// TestWrongSettingIsNamed in the log, whatever Lambda's filter is.
func TestWrongSettingIsNamed(t *testing.T) {
	binary := lambdatest.Build(t, ".")
	for name, environment := range map[string][]string{
		"TABLE_NAME": {"AWS_REGION=eu-central-1"},
		"LOG_LEVEL":  {"AWS_REGION=eu-central-1", "TABLE_NAME=connections", "LOG_LEVEL=LOUD"},
	} {
		process := exec.Command(binary)
		process.Env = append(environment, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_LAMBDA_LOG_FORMAT=JSON")
		out, err := process.CombinedOutput()
		if err == nil || !strings.Contains(string(out), name) || !strings.Contains(string(out), `"level":"ERROR"`) {
			t.Errorf("a wrong %s: %v, %s", name, err, out)
		}
	}
}

// BenchmarkColdStart measures from the start of the process to its first answer, over a table that answers at once.
func BenchmarkColdStart(b *testing.B) {
	binary := lambdatest.Build(b, ".")
	table := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }
	var total time.Duration
	for b.Loop() {
		total += lambdatest.Invoke(b, binary, event, table, "TABLE_NAME=connections", "CONNECTIONS_PER_USER=0").Took
	}
	b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), "ms/start")
	b.ReportMetric(0, "ns/op")
}
