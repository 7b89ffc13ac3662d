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

func TestMissingSettingIsNamed(t *testing.T) {
	process := exec.Command(lambdatest.Build(t, "."))
	process.Env = []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_REGION=eu-central-1"}
	out, err := process.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "TABLE_NAME") {
		t.Errorf("without TABLE_NAME: %v, %s", err, out)
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
