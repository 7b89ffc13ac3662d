package sqs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"

	"wsecho/adapters/apigateway"
	db "wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/adapters/sqs"
	"wsecho/adapters/sqs/elasticmq"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

// TestRealParts sends a broadcast to 10,000 connections through all that is deployed but Lambda and API Gateway: the
// table, the queue, the worker and the client of the @connections API.
func TestRealParts(t *testing.T) {
	const members, readUnits = 10_000, 110
	clients := newClients(members)
	callback := httptest.NewServer(clients)
	defer callback.Close()
	table, counted := dynamodblocal.NewMeteredTable(t)
	load(t, table, members)
	f, queue := newParts(t, table, callback.URL)
	began := time.Now()
	report, err := f.Deliver(t.Context(), domain.Delivery{
		MessageID: "m", Message: json.RawMessage(`{"x":1}`), Audience: domain.Everyone, Span: domain.Ring,
		AcceptedAt: began, ExpiresAt: began.Add(domain.DeliveryLife),
	}, began.Add(domain.InlineShare))
	if err != nil || report.Queued == 0 {
		t.Fatalf("the report is %+v, %v", report, err)
	}
	runs := workUntil(t, f, queue, clients.all)
	got, spent := clients.received.Load(), counted.Take().Reads
	t.Logf("%d posts to %d members, %d runs, %.1f read units, %v", got, members, runs, spent, time.Since(began).Round(time.Millisecond))
	if spent > readUnits {
		t.Errorf("%.1f read units, want %d at most", spent, readUnits)
	}
}

// newParts connects real parts.
func newParts(t *testing.T, table db.Table, callback string) (*domain.FanOut, *sqs.Queue) {
	t.Helper()
	queue := elasticmq.NewQueue(t)
	_, err := queue.Client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{
		QueueUrl: aws.String(queue.URL), Attributes: map[string]string{"VisibilityTimeout": "180"},
	})
	if err != nil {
		t.Fatal(err)
	}
	registry := db.Registry{Table: table}
	const concurrency = 16
	local := aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	sender, err := apigateway.NewSender(local, callback+"/dev", 4*concurrency)
	if err != nil {
		t.Fatal(err)
	}
	return &domain.FanOut{
		Registry: registry, Queue: queue, Closer: domain.Closer{Registry: registry},
		Sender:  sender,
		Limiter: domain.NewLimiter(8000), Concurrency: concurrency, Random: rand.Float64,
	}, queue
}

// load stores n connections, the same ones in every run: what reading them costs hangs on where they stand. The rows
// are those that Connect writes, but 25 of them in a request.
func load(t *testing.T, table db.Table, n int) {
	t.Helper()
	var rows []map[string]types.AttributeValue
	record := func(_ context.Context, in middleware.InitializeInput, _ middleware.InitializeHandler) (
		out middleware.InitializeOutput, metadata middleware.Metadata, err error,
	) {
		rows = append(rows, in.Parameters.(*dynamodb.PutItemInput).Item)
		out.Result = &dynamodb.PutItemOutput{}
		return out, metadata, nil
	}
	recording := table
	recording.Client = dynamodb.New(table.Client.Options(), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("record", record), middleware.Before)
		})
	})
	for i := range n {
		c := domaintest.NewConnection("")
		c.ID = fmt.Sprintf("connection%05d=", i)
		if err := (db.Registry{Table: recording}).Connect(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	dynamodblocal.WriteAll(t, table, rows)
}

// workUntil has four workers handle the queue until done is closed, and returns how often they were invoked.
func workUntil(t *testing.T, f *domain.FanOut, q *sqs.Queue, done <-chan struct{}) (runs int64) {
	t.Helper()
	w := &sqs.Worker{FanOut: f, Queue: q, Audiences: kinds, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
			t.Errorf("not everybody got the message: %v", ctx.Err())
		}
	}()
	var invocations atomic.Int64
	poll(ctx, t, q, q.URL, 4, func(event events.SQSEvent) events.SQSEventResponse {
		invocations.Add(1)
		answer, err := w.Handle(context.Background(), event)
		if err != nil || len(answer.BatchItemFailures) > 0 {
			t.Errorf("Handle: %v, %v", answer, err)
		}
		return answer
	})
	return invocations.Load()
}

// clients are the other side of the @connections API. all is closed when each of them has got a message.
type clients struct {
	want     int
	all      chan struct{}
	received atomic.Int64

	mu      sync.Mutex // Guards what follows.
	reached map[string]bool
}

func newClients(n int) *clients {
	return &clients{want: n, all: make(chan struct{}), reached: map[string]bool{}}
}

func (c *clients) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	c.received.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	id := path.Base(r.URL.Path)
	if c.reached[id] {
		return
	}
	if c.reached[id] = true; len(c.reached) == c.want {
		close(c.all)
	}
}
