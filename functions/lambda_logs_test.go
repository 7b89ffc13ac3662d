package functions_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wsecho/functions/internal/lambdatest"
)

// lambdaLevels are the levels of Lambda's own filter of logs, from the most detailed on.
var lambdaLevels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// delivered tells whether Lambda passes a line of a custom runtime on to CloudWatch when it is configured with an
// ApplicationLogLevel, which is INFO if there is none. A line's level is its key "level"; without one, without a
// timestamp of RFC 3339, and if the line is no JSON at all, it is INFO.
// Source: AWS, "Log-level filtering" of the Lambda developer guide.
func delivered(line, least string) bool {
	var parsed struct{ Level, Timestamp string }
	_ = json.Unmarshal([]byte(line), &parsed)
	level := strings.ToUpper(parsed.Level)
	if _, err := time.Parse(time.RFC3339Nano, parsed.Timestamp); err != nil || !slices.Contains(lambdaLevels, level) {
		level = "INFO"
	}
	if least == "" {
		least = "INFO"
	}
	return slices.Index(lambdaLevels, level) >= slices.Index(lambdaLevels, least)
}

func TestLambdasFilter(t *testing.T) {
	const at = `"timestamp":"2026-11-22T16:51:31.587199Z"`
	for _, test := range []struct {
		line, least string
		want        bool
	}{
		{`{"level":"DEBUG",` + at + `}`, "", false},
		{`{"level":"debug",` + at + `}`, "DEBUG", true},
		{`{"level":"WARN",` + at + `}`, "WARN", true},
		{`{"level":"ERROR","timestamp":"today"}`, "WARN", false},
		{`{"_aws":{}}`, "INFO", true},
		{`{"_aws":{}}`, "WARN", false},
		{`panic: out of tea`, "", true},
		{`panic: out of tea`, "ERROR", false},
	} {
		if got := delivered(test.line, test.least); got != test.want {
			t.Errorf("at %q, %s is delivered: %v", test.least, test.line, got)
		}
	}
}

// run is a function, an event, and which lines of its log an operator waits for: the level of its own, the metric
// that it counts, and text that is in the log whatever the level.
type run struct {
	folder, event string
	table         http.HandlerFunc
	level, metric string
	always        []string
}

const (
	anEcho    = `{"requestContext":{"routeKey":"echo","eventType":"MESSAGE","stage":"dev","connectedAt":1707502303419,"requestId":"PJqCFE1tKRcFQ3Q=","connectionId":"PJqB0fHsqRcCHlw=","authorizer":{"user":"ada"}},"body":"{\"action\":\"echo\",\"id\":\"1\",\"data\":1}","isBase64Encoded":false}`
	aConnect  = `{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","stage":"dev","connectedAt":1707502303419,"requestId":"PJqB0E1tKRcF-Qw=","connectionId":"PJqB0fHsqRcCHlw=","authorizer":{"user":"ada"}},"isBase64Encoded":false}`
	anAsking  = `{"type":"REQUEST","methodArn":"arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/dev/$connect","headers":{"Host":"abcdef1234.execute-api.eu-central-1.amazonaws.com"},"requestContext":{"routeKey":"$connect","eventType":"CONNECT","stage":"dev","connectedAt":1707502303419,"requestId":"PJqB0E1tKRcF-Qw=","connectionId":"PJqB0fHsqRcCHlw="}}`
	aLatePush = `{"Records":[{"messageId":"19dd0b57","body":"{\"v\":1,\"audience\":\"everyone\",\"message\":1,\"expiresAt\":\"2026-01-01T00:00:00Z\"}","attributes":{}}]}`
	aHandOn   = `{"Records":[{"messageId":"19dd0b57","body":"{\"v\":1,\"audience\":\"relays\",\"wire\":{\"room\":\"tea\",\"owner\":\"o\"},\"messageId\":\"m\",\"span\":\"0000000000000000-0000000000000000\",\"acceptedAt\":\"2026-01-01T00:00:00Z\",\"expiresAt\":\"2026-01-01T01:00:00Z\"}","attributes":{}}]}`
	aPush     = `{"Records":[{"messageId":"19dd0b57","body":"{\"v\":1,\"audience\":\"everyone\",\"message\":1}","attributes":{}}]}`
)

var runs = map[string]run{
	"a request that is served":   {folder: "echo", event: anEcho, level: "INFO", metric: "Requests"},
	"a client that is let in":    {folder: "authorize", event: anAsking, level: "INFO", metric: "Requests"},
	"a request with a fault":     {folder: "connect", event: aConnect, table: refuses, level: "ERROR", metric: "Requests"},
	"a delivery that is late":    {folder: "deliver", event: aLatePush, table: empty, level: "INFO", metric: "Expired"},
	"a function that panics":     {folder: "testdata/panics", event: anEcho, always: []string{"out of tea", `"stackTrace"`}},
	"a delivery that has faults": {folder: "deliver", event: aPush, table: refuses, level: "ERROR"},
	"a room that has faults":     {folder: "relay", event: aHandOn, table: refuses, level: "ERROR"},
}

func refuses(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	io.WriteString(w, `{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}`)
}

func empty(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	io.WriteString(w, `{"Items":[],"Count":0,"ScannedCount":0}`)
}

// TestLogsOfLambdas runs functions as they are deployed, at every LogLevel, and looks at what Lambda passes on.
func TestLogsOfLambdas(t *testing.T) {
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	levels := list(parsed.at("Parameters", "LogLevel", "AllowedValues"))
	for name, r := range runs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary := lambdatest.Build(t, r.folder)
			for _, level := range levels {
				r.check(t, level, logged(t, parsed, level, binary, r))
			}
		})
	}
}

// logged returns what CloudWatch gets of a run.
func logged(t *testing.T, parsed template, level, binary string, r run) []string {
	t.Helper()
	common := parsed.section("Globals", "Function")
	set := func(v any) string {
		if referred(v) == "LogLevel" {
			return level
		}
		text, _ := v.(string)
		return text
	}
	filter := set(at(common, "LoggingConfig", "ApplicationLogLevel"))
	environment := []string{
		"AWS_LAMBDA_LOG_FORMAT=" + set(at(common, "LoggingConfig", "LogFormat")), "AWS_LAMBDA_LOG_LEVEL=" + filter,
		"AUTH_MODE=open", "TABLE_NAME=t", "QUEUE_URL=http://localhost/q", "RETRY_QUEUE_URL=http://127.0.0.1:1/retry", "DLQ_URL=http://localhost/d", "CONNECTIONS_PER_USER=0",
		"CALLBACK_URL=http://localhost", "CALLBACK_RATE=1", "MAX_CONCURRENCY=1",
		"RELAY_QUEUE_URL=http://localhost/o", "HISTORY_DAYS=7",
	}
	// As of every function: checkEnvironments.
	if text := set(variables(parsed, "WsEcho")["LOG_LEVEL"]); text != "" {
		environment = append(environment, "LOG_LEVEL="+text)
	}
	got := lambdatest.Invoke(t, binary, r.event, r.table, environment...)
	return slices.DeleteFunc(got.Lines, func(line string) bool { return !delivered(line, filter) })
}

// check finds lines that an operator misses at a LogLevel, and those that are too many.
func (r run) check(t *testing.T, level string, lines []string) {
	t.Helper()
	all := strings.Join(lines, "\n")
	own := slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, fmt.Sprintf(`"level":%q`, r.level)) })
	wanted := r.level != "" && slices.Index(lambdaLevels, r.level) >= slices.Index(lambdaLevels, level)
	if wanted && !own {
		t.Errorf("LogLevel=%s: there is no line of level %s\n%s", level, r.level, all)
	}
	if !wanted && own {
		t.Errorf("LogLevel=%s: there is a line of level %s\n%s", level, r.level, all)
	}
	metric := slices.ContainsFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "{") && strings.Contains(l, `"_aws":`) && strings.Contains(l, `"`+r.metric+`":`)
	})
	if r.metric != "" && !metric {
		t.Errorf("LogLevel=%s: the metric %s is not there\n%s", level, r.metric, all)
	}
	for _, text := range r.always {
		if !strings.Contains(all, text) {
			t.Errorf("LogLevel=%s: %s is not there\n%s", level, text, all)
		}
	}
}

// TestLogLines reads the lines that functions write: each key is there once, and API Gateway's names of the request and
// of the connection are what a client quotes.
func TestLogLines(t *testing.T) {
	for name, want := range map[string]struct{ request, connection string }{
		"a request that is served": {"PJqCFE1tKRcFQ3Q=", "PJqB0fHsqRcCHlw="},
		"a client that is let in":  {"PJqB0E1tKRcF-Qw=", "PJqB0fHsqRcCHlw="},
		"a request with a fault":   {"PJqB0E1tKRcF-Qw=", "PJqB0fHsqRcCHlw="},
	} {
		t.Run(name, func(t *testing.T) {
			r := runs[name]
			got := lambdatest.Invoke(t, lambdatest.Build(t, r.folder), r.event, r.table,
				"AWS_LAMBDA_LOG_FORMAT=JSON", "AUTH_MODE=open", "TABLE_NAME=t", "CONNECTIONS_PER_USER=0")
			for _, line := range got.Lines {
				keys, err := keysOf(line)
				if err != nil || len(distinct(keys)) != len(keys) {
					t.Errorf("%v: a key is there twice in %s", err, line)
				}
			}
			line := got.Lines[slices.IndexFunc(got.Lines, func(l string) bool { return strings.Contains(l, `"message":"request"`) })]
			for _, part := range []string{fmt.Sprintf(`"gatewayRequestId":%q`, want.request), fmt.Sprintf(`"connectionId":%q`, want.connection)} {
				if !strings.Contains(line, part) {
					t.Errorf("there is no %s in %s", part, line)
				}
			}
		})
	}
}

// keysOf returns the keys of a JSON object, repeated ones too.
func keysOf(line string) (keys []string, err error) {
	decoder := json.NewDecoder(strings.NewReader(line))
	if _, err = decoder.Token(); err != nil {
		return nil, err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		keys = append(keys, fmt.Sprint(key))
	}
	return keys, nil
}
