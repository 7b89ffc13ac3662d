package main

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"wsecho/functions/internal/coldstart"
	"wsecho/functions/internal/lambdatest"
)

func TestBinaryAnswers(t *testing.T) {
	var calls []string
	table := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, r.Header.Get("X-Amz-Target")+" "+string(body))
		io.WriteString(w, "{}")
	}
	got := lambdatest.Invoke(t, lambdatest.Build(t, "."), coldstart.Connect, table, "TABLE_NAME=connections", "CONNECTIONS_PER_USER=0")
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
