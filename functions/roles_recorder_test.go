package functions_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/sqs"
	"wsecho/adapters/sqs/elasticmq"
)

// recorder is all of AWS that a function calls, at one address: it writes down what it was asked, in the words of
// IAM, and passes it on to a server that answers.
type recorder struct {
	table dynamodb.Table // for the test's own calls, which are not recorded
	queue *sqs.Queue
	relay string // The URL of the queue of rooms.
	fail  func(format string, args ...any)

	mu   sync.Mutex // Guards seen.
	seen []string
}

// newRecorder sets the environment of a function: AWS is the recorder, the rest is what the template would say.
func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{table: dynamodblocal.NewTable(t), queue: elasticmq.NewQueue(t), relay: elasticmq.NewQueue(t).URL, fail: t.Errorf}
	proxies := map[string]http.Handler{
		"DynamoDB_20120810": proxyTo(t, dynamodblocal.Start(t)), "AmazonSQS": proxyTo(t, elasticmq.Start(t)),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		service, operation, called := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
		if !called {
			r.post(w, request)
			return
		}
		body, _ := io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(body))
		r.record(operation, body)
		proxies[service].ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "CALLBACK_URL": server.URL + "/dev", "TABLE_NAME": r.table.Name,
		"QUEUE_URL": r.queue.URL, "RETRY_QUEUE_URL": r.queue.RetryURL, "DLQ_URL": r.queue.DeadLetterURL,
		"RELAY_QUEUE_URL": r.relay, "CALLBACK_RATE": "8000", "MAX_CONCURRENCY": "10",
		"MESSAGES_PER_MINUTE": "120", "CONNECTIONS_PER_USER": "1", "HISTORY_DAYS": "7", "AUTH_MODE": "open",
		// As dynamodb.LocalConfig: the server keeps tables by region and key.
		"LOG_LEVEL": "ERROR", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
	} {
		t.Setenv(name, value)
	}
	return r
}

func proxyTo(t *testing.T, address string) http.Handler {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target) }}
}

// post answers a post to a connection as the beginning of its id says.
func (r *recorder) post(w http.ResponseWriter, request *http.Request) {
	id, ok := strings.CutPrefix(request.URL.Path, "/dev/@connections/")
	if !ok || request.Method != http.MethodPost {
		r.fail("an unexpected call: %s %s", request.Method, request.URL)
	}
	r.note("execute-api:ManageConnections connections")
	switch kind, _, _ := strings.Cut(id, "-"); kind {
	case "gone":
		w.WriteHeader(http.StatusGone)
	case "busy":
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

// record notes which rights an operation takes. Those of a transaction are those of its items.
func (r *recorder) record(operation string, body []byte) {
	var in struct {
		TableName, QueueURL string
		TransactItems       []map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil {
		r.fail("%s: %v", operation, err)
	}
	switch operation {
	case "TransactWriteItems":
		for _, item := range in.TransactItems {
			for kind, part := range item {
				r.record(itemActions[kind], part)
			}
		}
	case "SendMessage", "SendMessageBatch":
		r.note("sqs:SendMessage " + map[string]string{
			r.queue.URL: "DeliveryQueue", r.queue.RetryURL: "RetryQueue", r.queue.DeadLetterURL: "DeadLetterQueue",
			r.relay: "RelayQueue",
		}[in.QueueURL])
	default:
		if in.TableName != r.table.Name {
			r.fail("%s of the table %q", operation, in.TableName)
		}
		r.note("dynamodb:" + operation + " Table")
	}
}

var itemActions = map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}

func (r *recorder) note(right string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, right)
}

func (r *recorder) calls() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.seen...)
}
