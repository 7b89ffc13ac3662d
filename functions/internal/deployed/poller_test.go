package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"wsecho/adapters/gateway/gatewaytest"
	"wsecho/adapters/sqs/elasticmq"
)

// lambda is a function that gets messages, and answers its first event as a test says.
type lambda struct {
	mu     sync.Mutex // Guards what follows.
	events []events.SQSEvent
	first  func(events.SQSEvent) (string, error)
}

func (l *lambda) invoke(_ context.Context, function string, text []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var event events.SQSEvent
	if err := json.Unmarshal(text, &event); err != nil || function != "Worker" {
		return nil, fmt.Errorf("%s got %s: %w", function, text, err)
	}
	l.events = append(l.events, event)
	if len(l.events) > 1 {
		return []byte(`{"batchItemFailures":[]}`), nil
	}
	answer, err := l.first(event)
	return []byte(answer), err
}

// bodies are those of all events, in order.
func (l *lambda) bodies() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, event := range l.events {
		for _, record := range event.Records {
			all = append(all, record.Body)
		}
	}
	return all
}

// TestPoller: what a function has done is deleted, what it has failed at comes again, and nothing else does.
func TestPoller(t *testing.T) {
	failing := func(ids ...string) string {
		text, _ := json.Marshal(map[string]any{"batchItemFailures": ids})
		return strings.ReplaceAll(strings.ReplaceAll(string(text), `["`, `[{"itemIdentifier":"`), `"]`, `"}]`)
	}
	answers := func(text string) func(events.SQSEvent) (string, error) {
		return func(events.SQSEvent) (string, error) { return text, nil }
	}
	// The rules are Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
	for name, test := range map[string]struct {
		first   func(events.SQSEvent) (string, error)
		all     bool // Whether the function does not say which messages failed.
		repeats string
	}{
		"all done":          {first: answers(`{"batchItemFailures":[]}`)},
		"null":              {first: answers(`null`)},
		"an empty object":   {first: answers(`{}`)},
		"null for failures": {first: answers(`{"batchItemFailures":null}`)},
		"one failed": {first: func(e events.SQSEvent) (string, error) {
			i := slices.IndexFunc(e.Records, func(m events.SQSMessage) bool { return m.Body == "b" })
			return failing(e.Records[i].MessageId), nil
		}, repeats: "b"},
		"an unknown message": {first: answers(failing("nobody")), repeats: "abc"},
		"an empty id":        {first: answers(failing("")), repeats: "abc"},
		"another name":       {first: answers(`{"batchItemFailures":[{"id":"x"}]}`), repeats: "abc"},
		"no JSON":            {first: answers(`{`), repeats: "abc"},
		"an error":           {first: func(events.SQSEvent) (string, error) { return "", errors.New("it crashed") }, repeats: "abc"},
		"any answer will do": {first: answers(`"done"`), all: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lambda{first: test.first}
			queue, client := poll(t, l, source{function: "Worker", batch: 10, partial: !test.all})
			until(t, func() bool { return len(l.bodies()) >= 3+len(test.repeats) && left(t, client, queue) == 0 })
			got := l.bodies()
			slices.Sort(got[:3])
			slices.Sort(got[3:])
			if strings.Join(got, "") != "abc"+test.repeats {
				t.Errorf("the function got %v, want abc and then %q", got, test.repeats)
			}
		})
	}
}

// TestEvent: a message's attributes are there, and the queue's name.
func TestEvent(t *testing.T) {
	l := &lambda{first: func(events.SQSEvent) (string, error) { return "{}", nil }}
	poll(t, l, source{function: "Worker", batch: 10, arn: "arn:aws:sqs:us-east-1:000000000000:Q", partial: true})
	until(t, func() bool { return len(l.bodies()) == 3 })
	m := l.events[0].Records[0]
	if m.EventSource != "aws:sqs" || m.EventSourceARN != "arn:aws:sqs:us-east-1:000000000000:Q" || m.AWSRegion != "us-east-1" || m.ReceiptHandle == "" ||
		m.Attributes["SentTimestamp"] == "" || m.Attributes["ApproximateReceiveCount"] != "1" || *m.MessageAttributes["kind"].StringValue != "letter" {
		t.Errorf("got %+v", m)
	}
}

// poll brings three messages of a queue of its own to a function, in one event.
func poll(t *testing.T, l *lambda, s source) (url string, client *sqs.Client) {
	t.Helper()
	q := elasticmq.NewQueue(t)
	var entries []types.SendMessageBatchRequestEntry
	for _, body := range []string{"a", "b", "c"} {
		entries = append(entries, types.SendMessageBatchRequestEntry{Id: &body, MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("letter")},
		}})
	}
	if _, err := q.Client.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &q.URL, Entries: entries}); err != nil {
		t.Fatal(err)
	}
	s.url = q.URL
	p := poller{source: s, client: q.Client, invoke: l.invoke, region: "us-east-1", logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return q.URL, q.Client
}

// left is how many messages a queue has, with those that somebody works on.
func left(t *testing.T, client *sqs.Client, url string) (n int) {
	t.Helper()
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
		var some int
		_, _ = fmt.Sscan(out.Attributes[name], &some)
		n += some
	}
	return n
}

// until waits for a condition.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(gatewaytest.Timeout); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}
