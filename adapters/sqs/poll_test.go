package sqs_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// polled is a queue with what the Lambda service does behind it.
type polled struct {
	*sqs.Queue
	t           *testing.T
	deadLetters []domain.Delivery
}

// poll invokes a function with one message after the other, in a number of places at the same time, and deletes
// what did not fail. It returns once ctx has ended and all is done.
func poll(ctx context.Context, t *testing.T, q *sqs.Queue, url string, places int, invoke func(events.SQSEvent) events.SQSEventResponse) {
	var polling sync.WaitGroup
	for range places {
		polling.Go(func() {
			for ctx.Err() == nil {
				for _, m := range receive(t, q, url, 1) {
					failed := invoke(events.SQSEvent{Records: []events.SQSMessage{m}}).BatchItemFailures
					if !slices.Contains(failed, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId}) {
						remove(t, q, url, m.ReceiptHandle)
					}
				}
			}
		})
	}
	polling.Wait()
}

// receive waits up to a second for a message. It never breaks off: the server might give one to who has gone.
func receive(t *testing.T, q *sqs.Queue, url string, wait int32) []events.SQSMessage {
	out, err := q.Client.ReceiveMessage(context.Background(), &sdk.ReceiveMessageInput{
		QueueUrl: aws.String(url), WaitTimeSeconds: wait, MaxNumberOfMessages: 1, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Errorf("ReceiveMessage: %v", err)
		return nil
	}
	var all []events.SQSMessage
	for _, m := range out.Messages {
		message := events.SQSMessage{
			MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Attributes: m.Attributes,
			MessageAttributes: map[string]events.SQSMessageAttribute{},
		}
		for name, a := range m.MessageAttributes {
			message.MessageAttributes[name] = events.SQSMessageAttribute{StringValue: a.StringValue, DataType: *a.DataType}
		}
		all = append(all, message)
	}
	return all
}

func remove(t *testing.T, q *sqs.Queue, url, receipt string) {
	_, err := q.Client.DeleteMessage(context.Background(), &sdk.DeleteMessageInput{
		QueueUrl: aws.String(url), ReceiptHandle: aws.String(receipt),
	})
	if err != nil {
		t.Errorf("DeleteMessage: %v", err)
	}
}

// Run is the suite's worker: like Lambda it serves two queues, that of retries in one place.
func (p *polled) Run(ctx context.Context, workers int, handle func(context.Context, domain.Delivery) error) {
	var serving sync.WaitGroup
	serving.Go(func() { p.serve(ctx, p.URL, workers, handle) })
	serving.Go(func() { p.serve(ctx, p.RetryURL, 1, handle) })
	serving.Wait()
}

func (p *polled) serve(ctx context.Context, url string, places int, handle func(context.Context, domain.Delivery) error) {
	poll(ctx, p.t, p.Queue, url, places, func(event events.SQSEvent) (answer events.SQSEventResponse) {
		for _, m := range event.Records {
			d, err := sqs.Decode([]byte(m.Body), m.MessageId, time.Now(), kinds)
			if err != nil {
				p.t.Errorf("Decode: %v", err)
			}
			if handle(context.Background(), d) != nil {
				answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
			}
		}
		return answer
	})
}

// DeadLetters takes what is on the dead-letter queue.
func (p *polled) DeadLetters() []domain.Delivery {
	for {
		found := receive(p.t, p.Queue, p.DeadLetterURL, 0)
		if len(found) == 0 {
			return p.deadLetters
		}
		d, err := sqs.Decode([]byte(found[0].Body), found[0].MessageId, time.Now(), kinds)
		if err != nil {
			p.t.Errorf("Decode of what was dead-lettered: %v", err)
		}
		p.deadLetters = append(p.deadLetters, d)
		remove(p.t, p.Queue, p.DeadLetterURL, found[0].ReceiptHandle)
	}
}
