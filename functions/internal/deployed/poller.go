package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// poller brings the messages of a queue to a function, as an event source of Lambda does: what the function has done is
// deleted, what has failed comes again when its visibility timeout is over. It is safe for concurrent use.
// Source: AWS, Lambda developer guide, "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source".
type poller struct {
	source
	client *sqs.Client
	invoke func(ctx context.Context, function string, event []byte) ([]byte, error)
	logger *slog.Logger
	region string
}

const (
	// waiting is how long a question for messages waits for some, in seconds: the longest that SQS takes.
	waiting = 20
	// afterFailure is the pause when the queue can't be asked.
	afterFailure = time.Second
)

// run ends when ctx does, after the event that is under way.
func (p *poller) run(ctx context.Context) {
	for ctx.Err() == nil {
		received, err := p.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &p.url, MaxNumberOfMessages: int32(p.batch), WaitTimeSeconds: waiting,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}, MessageAttributeNames: []string{"All"},
		})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			p.logger.Error("the queue can't be asked", "queue", p.arn, "error", err.Error())
			pause(ctx, afterFailure)
		case len(received.Messages) > 0:
			p.deliver(context.WithoutCancel(ctx), received.Messages)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// deliver makes one event of messages.
func (p *poller) deliver(ctx context.Context, messages []types.Message) {
	event, err := json.Marshal(p.event(messages))
	if err == nil {
		var answer []byte
		if answer, err = p.invoke(ctx, p.function, event); err == nil {
			messages, err = p.done(answer, messages)
		}
	}
	if err == nil {
		err = p.delete(ctx, messages)
	}
	if err != nil {
		p.logger.Error("messages come again", "function", p.function, "queue", p.arn, "error", err.Error())
	}
}

// event is what the function gets.
func (p *poller) event(messages []types.Message) events.SQSEvent {
	var event events.SQSEvent
	for _, m := range messages {
		record := events.SQSMessage{
			MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Md5OfBody: aws.ToString(m.MD5OfBody),
			Attributes: m.Attributes, MessageAttributes: map[string]events.SQSMessageAttribute{},
			EventSource: "aws:sqs", EventSourceARN: p.arn, AWSRegion: p.region,
		}
		for name, a := range m.MessageAttributes {
			record.MessageAttributes[name] = events.SQSMessageAttribute{StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: aws.ToString(a.DataType)}
		}
		event.Records = append(event.Records, record)
	}
	return event
}

// done are the messages that did not fail by an answer. One that names something else than a message counts as the failure
// of all of them.
func (p *poller) done(answer []byte, messages []types.Message) (done []types.Message, err error) {
	var failures events.SQSEventResponse
	if !p.partial {
		return messages, nil
	}
	if err := json.Unmarshal(answer, &failures); err != nil {
		return nil, fmt.Errorf("the answer is not what ReportBatchItemFailures asks for: %w", err)
	}
	failed := map[string]bool{}
	for _, f := range failures.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	for _, m := range messages {
		if !failed[*m.MessageId] {
			done = append(done, m)
		}
		delete(failed, *m.MessageId)
	}
	for id := range failed {
		return nil, fmt.Errorf("the answer names a message %q, which there is not", id)
	}
	return done, nil
}

func (p *poller) delete(ctx context.Context, messages []types.Message) error {
	if len(messages) == 0 {
		return nil
	}
	var entries []types.DeleteMessageBatchRequestEntry
	for i, m := range messages {
		entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
	}
	deleted, err := p.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &p.url, Entries: entries})
	if err == nil && len(deleted.Failed) > 0 {
		err = errors.New(cmp.Or(aws.ToString(deleted.Failed[0].Message), "a message was not deleted"))
	}
	return err
}
