package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const event = `{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","stage":"dev","connectedAt":1707502303419,
"requestId":"PJqB0E1tKRcF-Qw=","connectionId":"PJqB0fHsqRcCHlw=","authorizer":{"user":"ada"}},"isBase64Encoded":false}`

// build makes the binary as it is deployed.
func build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	command := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, ".")
	command.Env = append(command.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

// answerOf starts the binary under Lambda's runtime protocol with one event, and returns what it answered and how
// long that took from the start of the process. table answers its calls of DynamoDB.
func answerOf(t testing.TB, binary string, table http.HandlerFunc, environment ...string) (answer string, took time.Duration) {
	t.Helper()
	answers := make(chan string, 1)
	asked := false
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/response") || strings.HasSuffix(r.URL.Path, "/error"):
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			answers <- string(body)
		case asked:
			<-r.Context().Done() // There is one event; the process ends before the next.
		default:
			asked = true
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			io.WriteString(w, event)
		}
	}))
	defer runtime.Close()
	dynamodb := httptest.NewServer(table)
	defer dynamodb.Close()
	process := exec.Command(binary)
	process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"), "AWS_ENDPOINT_URL=" + dynamodb.URL,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
	}, environment...)
	began := time.Now()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer process.Wait()
	defer process.Process.Kill()
	answer = <-answers
	return answer, time.Since(began)
}

func TestBinaryAnswers(t *testing.T) {
	var calls []string
	table := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, r.Header.Get("X-Amz-Target")+" "+string(body))
		io.WriteString(w, "{}")
	}
	answer, _ := answerOf(t, build(t), table, "TABLE_NAME=connections", "CONNECTIONS_PER_USER=0")
	if !strings.HasPrefix(answer, `{"statusCode":200`) {
		t.Errorf("answered %s", answer)
	}
	if len(calls) != 2 || !strings.Contains(calls[0], "PutItem") || !strings.Contains(calls[0], `"connections"`) {
		t.Errorf("called %q", calls)
	}
}

func TestMissingSettingIsNamed(t *testing.T) {
	process := exec.Command(build(t))
	process.Env = []string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_REGION=eu-central-1"}
	out, err := process.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "TABLE_NAME") {
		t.Errorf("without TABLE_NAME: %v, %s", err, out)
	}
}

// BenchmarkColdStart measures from the start of the process to its first answer, over a table that answers at once.
func BenchmarkColdStart(b *testing.B) {
	binary := build(b)
	table := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }
	var total time.Duration
	for b.Loop() {
		_, took := answerOf(b, binary, table, "TABLE_NAME=connections", "CONNECTIONS_PER_USER=0")
		total += took
	}
	b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), "ms/start")
	b.ReportMetric(0, "ns/op")
}
