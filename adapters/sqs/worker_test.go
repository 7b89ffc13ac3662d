package sqs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/memory"
	"wsecho/adapters/sqs"
	"wsecho/adapters/sqs/elasticmq"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

type sender func(ctx context.Context, id string, data []byte) error

func (s sender) Send(ctx context.Context, id string, data []byte) error { return s(ctx, id, data) }

// bench is a worker over memory, and what it wrote.
type bench struct {
	sqs.Worker
	queue        memory.Queue
	log, metrics bytes.Buffer
}

// newBench has n members.
func newBench(t *testing.T, n int, send sender) *bench {
	t.Helper()
	b := &bench{queue: memory.Queue{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}}
	registry := new(memory.Registry)
	for range n {
		c := domaintest.NewConnection("")
		if err := registry.Connect(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	b.Worker = sqs.Worker{
		Audiences: kinds,
		FanOut: &domain.FanOut{
			Registry: registry, Sender: send, Queue: &b.queue, Closer: domain.Closer{Registry: registry, Memberships: registry},
			Limiter: domain.NewLimiter(1000), Concurrency: 4, Random: func() float64 { return 0.5 },
			Ran: sqs.Metrics(&b.metrics, "wsecho"),
		},
		Logger: slog.New(slog.NewJSONHandler(&b.log, nil)),
	}
	return b
}

// event is an SQS event with messages of these bodies, sent two seconds ago.
func event(bodies ...string) events.SQSEvent {
	var e events.SQSEvent
	for i, body := range bodies {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: string(rune('a' + i)), Body: body,
			Attributes: map[string]string{"SentTimestamp": numeral(time.Now().Add(-2 * time.Second).UnixMilli())},
		})
	}
	return e
}

func numeral(n int64) string { text, _ := json.Marshal(n); return string(text) }

const pushed = `{"v":1,"audience":"everyone","message":"top secret"}`

func reached(context.Context, string, []byte) error { return nil }

// handle runs the handler and returns its answer as the Lambda service gets it.
func (b *bench) handle(t *testing.T, ctx context.Context, e events.SQSEvent) string {
	t.Helper()
	answer, err := b.Handle(ctx, e)
	if err != nil {
		t.Errorf("Handle: %v", err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lines reads JSON lines.
func lines(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		all = append(all, fields)
	}
	return all
}

func TestWorkerDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3, reached)
		if got := b.handle(t, t.Context(), event(pushed, pushed)); got != `{"batchItemFailures":[]}` {
			t.Errorf("the answer is %s", got)
		}
		if logged := lines(t, b.log.String()); len(logged) != 2 || logged[1]["messageId"] != "b" || logged[1]["sent"] != 3.0 || logged[1]["lagMs"] != 2000.0 {
			t.Errorf("the log is %v", logged)
		}
		if strings.Contains(b.log.String(), "secret") {
			t.Error("the log has the message")
		}
	})
}

func TestWorkerMeasures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3, reached)
		b.handle(t, t.Context(), event(pushed))
		measured := lines(t, b.metrics.String())
		if len(measured) != 1 {
			t.Fatalf("%d lines of metrics", len(measured))
		}
		line := measured[0]
		names := []string{"LagMs", "Sent", "Stack", "_aws"}
		if got := slices.Sorted(maps.Keys(line)); !slices.Equal(got, names) {
			t.Errorf("the line has %v, want %v", got, names)
		}
		if line["Sent"] != 3.0 || line["LagMs"] != 2000.0 || line["Stack"] != "wsecho" {
			t.Errorf("the line is %v", line)
		}
		aws := line["_aws"].(map[string]any)
		directive := aws["CloudWatchMetrics"].([]any)[0].(map[string]any)
		if aws["Timestamp"] != float64(time.Now().UnixMilli()) || directive["Namespace"] != "wsEcho" || len(directive["Metrics"].([]any)) != 2 {
			t.Errorf("the metadata are %v", aws)
		}
	})
}

func TestNobodyReachedIsNoMetric(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0, reached)
		b.handle(t, t.Context(), event(pushed))
		if b.metrics.Len() != 0 {
			t.Errorf("the metrics are %s, want none: each one that occurs costs", &b.metrics)
		}
	})
}

func TestWorkerStopsBeforeItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 20, func(ctx context.Context, _ string, _ []byte) error { <-ctx.Done(); return ctx.Err() })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		if got := b.handle(t, ctx, event(pushed)); got != `{"batchItemFailures":[]}` {
			t.Errorf("the answer is %s", got)
		}
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("it took %v", took)
		}
		if logged := lines(t, b.log.String()); logged[0]["queued"] != 2.0 {
			t.Errorf("the log is %v", logged)
		}
	})
}

func TestForbiddenIsLoud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3, func(context.Context, string, []byte) error { return domain.ErrForbidden })
		if got := b.handle(t, t.Context(), event(pushed)); got != `{"batchItemFailures":[{"itemIdentifier":"a"}]}` {
			t.Errorf("the answer is %s", got)
		}
		logged := lines(t, b.log.String())
		if len(logged) != 1 || logged[0]["level"] != "ERROR" {
			t.Fatalf("the log is %v", logged)
		}
		check, _ := logged[0]["check"].(string)
		for _, hint := range []string{"execute-api:ManageConnections", "CALLBACK_URL"} {
			if !strings.Contains(check, hint) {
				t.Errorf("the log line has no %s: %v", hint, logged[0])
			}
		}
	})
}

// TestMalformedMessageIsDeadLettered has one malformed message between good ones, and a dead-letter queue to look at.
func TestMalformedMessageIsDeadLettered(t *testing.T) {
	b := newBench(t, 1, reached)
	b.Queue = elasticmq.NewQueue(t)
	if got := b.handle(t, t.Context(), event(pushed, `{"v":1}`, pushed)); got != `{"batchItemFailures":[]}` {
		t.Errorf("the answer is %s", got)
	}
	deadLetters := receive(t, b.Queue, b.Queue.DeadLetterURL, 1)
	if len(deadLetters) != 1 || deadLetters[0].Body != `{"v":1}` || *deadLetters[0].MessageAttributes["reason"].StringValue != `"audience" is missing` {
		t.Errorf("dead-lettered: %+v", deadLetters)
	}
	logged := lines(t, b.log.String())
	if len(logged) != 3 || logged[1]["level"] != "ERROR" || logged[1]["reason"] != `"audience" is missing` {
		t.Errorf("the log is %v", logged)
	}
}

func TestWhatCannotBeDeadLetteredIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1, reached)
		b.Queue = (&stub{status: 500, code: "InternalFailure"}).queue()
		if got := b.handle(t, t.Context(), event(`{"v":1}`)); got != `{"batchItemFailures":[{"itemIdentifier":"a"}]}` {
			t.Errorf("the answer is %s", got)
		}
	})
}

// TestPushWithAnInternalFieldIsDeadLettered: it was taken for a message of our own, and vanished.
func TestPushWithAnInternalFieldIsDeadLettered(t *testing.T) {
	for body, reason := range map[string]string{
		`{"v":1,"audience":"everyone","message":1,"wire":{}}`: `there is no field "wire": a push has v, audience, message, messageId, except, expiresAt`,
		`{"v":1,"audience":"everyone","wire":{}}`:             `a message with "wire" is internal to wsEcho, and this one has no "messageId"`,
	} {
		b := newBench(t, 1, reached)
		b.Queue = elasticmq.NewQueue(t)
		if _, err := b.Queue.Client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &b.Queue.URL, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
		if got := b.handle(t, t.Context(), events.SQSEvent{Records: receive(t, b.Queue, b.Queue.URL, 1)}); got != `{"batchItemFailures":[]}` {
			t.Errorf("the answer is %s", got)
		}
		deadLetters := receive(t, b.Queue, b.Queue.DeadLetterURL, 1)
		if len(deadLetters) != 1 || deadLetters[0].Body != body || *deadLetters[0].MessageAttributes["reason"].StringValue != reason {
			t.Errorf("%s: dead-lettered: %+v", body, deadLetters)
		}
	}
}
