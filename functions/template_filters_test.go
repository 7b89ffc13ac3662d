package functions_test

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wsecho/functions/internal/lambdatest"
)

// jsonTerm is a comparison in a filter pattern: a field that equals a text, in which * stands for anything, or that a
// line does not have.
var jsonTerm = regexp.MustCompile(`^\$\.([\w.]+) (?:= "(.*)"|(NOT EXISTS))$`)

// matches tells whether a metric filter counts a line, as far as our patterns go: one text in quotes, or JSON fields
// joined by || and, closer, by &&.
// Source: AWS, "Filter pattern syntax for metric filters" of the CloudWatch Logs user guide.
func matches(t *testing.T, pattern, line string) bool {
	t.Helper()
	terms, isJSON := strings.CutPrefix(pattern, "{ ")
	if !isJSON {
		return strings.Contains(line, strings.Trim(pattern, `"`))
	}
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil {
		return false
	}
	for _, all := range strings.Split(strings.TrimSuffix(terms, " }"), " || ") {
		held := true
		for _, term := range strings.Split(all, " && ") {
			held = held && holds(t, term, fields)
		}
		if held {
			return true
		}
	}
	return false
}

func holds(t *testing.T, term string, fields map[string]any) bool {
	t.Helper()
	parts := jsonTerm.FindStringSubmatch(term)
	if parts == nil {
		t.Fatalf("the test does not understand the term %q", term)
	}
	value := at(fields, strings.Split(parts[1], ".")...)
	if parts[3] != "" {
		return value == nil
	}
	text, _ := value.(string)
	same, err := path.Match(parts[2], text)
	return err == nil && same
}

// TestIntegrationErrors shows lines of the access log to the filter: an alarm of deployments is about what we do
// wrong, never about what clients do.
func TestIntegrationErrors(t *testing.T) {
	pattern, _ := parsedTemplate(t).properties("IntegrationErrors")["FilterPattern"].(string)
	for name, test := range map[string]struct {
		line string
		want bool
	}{
		"a connect":                               {`{"routeKey":"$connect","status":"200","integrationStatus":"200","authorizerStatus":"200","error":"-"}`, false},
		"a user with too many connections":        {`{"routeKey":"$connect","status":"429","integrationStatus":"200","authorizerStatus":"200","error":"-"}`, false},
		"the same, should the status be ours":     {`{"routeKey":"$connect","status":"429","integrationStatus":"429","authorizerStatus":"200","error":"-"}`, false},
		"a bad token":                             {`{"routeKey":"$connect","status":"401","integrationStatus":"-","authorizerStatus":"401","error":"Unauthorized"}`, false},
		"a page that is not allowed":              {`{"routeKey":"$connect","status":"403","integrationStatus":"-","authorizerStatus":"200","error":"Forbidden"}`, false},
		"more connects than the throttle lets in": {`{"routeKey":"$connect","status":"429","integrationStatus":"-","authorizerStatus":"-","error":"Too Many Requests"}`, false},
		"a message":                               {`{"routeKey":"echo","status":"200","integrationStatus":"200","error":"-"}`, false},
		"a fault in connecting":                   {`{"routeKey":"$connect","status":"503","integrationStatus":"200","authorizerStatus":"200","error":"-"}`, true},
		"an authorizer that panics":               {`{"routeKey":"$connect","status":"500","integrationStatus":"-","authorizerStatus":"500","error":"Internal server error"}`, true},
		"a function that panics":                  {`{"routeKey":"echo","status":"500","integrationStatus":"200","error":"Internal server error"}`, true},
		"a function that Lambda throttles":        {`{"routeKey":"echo","status":"-","integrationStatus":"429","error":"Internal server error"}`, true},
		"a Lambda service that fails":             {`{"routeKey":"echo","status":"-","integrationStatus":"502","error":"-"}`, true},
	} {
		if got := matches(t, pattern, test.line); got != test.want {
			t.Errorf("%s counts: %v", name, got)
		}
	}
}

// TestTimeouts shows the filter of FaultsAlarm what Lambda itself writes when an invocation ends.
// Source: AWS, "Lambda Telemetry API Event schema reference", PlatformReport and Status, whose events Lambda's log in JSON
// has. A refused token is an error there and no fault.
func TestTimeouts(t *testing.T) {
	pattern, _ := parsedTemplate(t).properties("Timeouts")["FilterPattern"].(string)
	for status, want := range map[string]bool{"timeout": true, "success": false, "error": false} {
		line := `{"time":"2026-11-22T16:51:31.587Z","type":"platform.report","record":{"requestId":"6d68ca91","metrics":{"durationMs":10000.0},"status":"` + status + `"}}`
		if got := matches(t, pattern, line); got != want {
			t.Errorf("an invocation that ends with %s counts: %v", status, got)
		}
	}
}

// TestFaults shows what functions really log to the filters of FaultsAlarm.
func TestFaults(t *testing.T) {
	const malformed = `{"Records":[{"messageId":"19dd0b57","body":"{}","attributes":{}}]}`
	parsed := parsedTemplate(t)
	for name, test := range map[string]struct {
		run
		want bool
	}{
		"a fault":                                  {runs["a request with a fault"], true},
		"a delivery that has faults":               {runs["a delivery that has faults"], true},
		"a room that has faults":                   {runs["a room that has faults"], true},
		"a panic":                                  {runs["a function that panics"], true},
		"a start that lacks settings":              {run{folder: "deliver", event: anEcho}, true},
		"a request":                                {runs["a request that is served"], false},
		"a client without a token":                 {run{folder: "authorize", event: anAsking}, false},
		"a message of others that nobody can read": {run{folder: "deliver", event: malformed, table: empty}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := strings.Fields("AWS_LAMBDA_LOG_FORMAT=JSON TABLE_NAME=t CONNECTIONS_PER_USER=0 " +
				"AUTH_MODE=jwt JWT_ISSUER=i JWT_AUDIENCE=a JWKS_URL=https://issuer.example/keys")
			if test.table != nil {
				environment = append(environment, strings.Fields("QUEUE_URL=http://localhost/q RETRY_QUEUE_URL=http://localhost/r "+
					"DLQ_URL=http://localhost/d RELAY_QUEUE_URL=http://localhost/o HISTORY_DAYS=7 CALLBACK_URL=http://localhost CALLBACK_RATE=1 MAX_CONCURRENCY=1")...)
			}
			got := lambdatest.Invoke(t, lambdatest.Build(t, test.folder), test.event, test.table, environment...)
			counted := slices.ContainsFunc(got.Lines, func(line string) bool {
				return slices.ContainsFunc(faults, func(id string) bool {
					pattern, _ := parsed.properties(id)["FilterPattern"].(string)
					return matches(t, pattern, line)
				})
			})
			if counted != test.want {
				t.Errorf("a fault is counted: %v\n%s", counted, strings.Join(got.Lines, "\n"))
			}
		})
	}
}
