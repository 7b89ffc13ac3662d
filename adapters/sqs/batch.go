package sqs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"wsecho/domain"
)

// The limits of a batch.
// Source: AWS, SQS API reference, SendMessageBatch: ten messages, and 1 MiB for each and for all of them together.
const (
	batchLength = 10
	batchBytes  = 1 << 20
)

const (
	// maxSends is how often a message is sent that SQS does not take.
	maxSends = 6
	// firstResend bounds the wait before the second time.
	firstResend = 50 * time.Millisecond
)

// batch is what one request sends to a queue.
type batch struct {
	url     string
	entries []types.SendMessageBatchRequestEntry
}

// pack puts deliveries into as few batches as their order allows.
func pack(url string, ds []domain.Delivery) ([]batch, error) {
	var batches []batch
	var current []types.SendMessageBatchRequestEntry
	size := 0
	for i, d := range ds {
		body, err := encode(d)
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", d.MessageID, err)
		}
		if size += len(body); len(current) == batchLength || len(current) > 0 && size > batchBytes {
			batches, current, size = append(batches, batch{url, current}), nil, len(body)
		}
		current = append(current, types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(body)), DelaySeconds: delaySeconds(d.Delay),
		})
	}
	if len(current) > 0 {
		batches = append(batches, batch{url, current})
	}
	return batches, nil
}

// delaySeconds rounds up, so that nothing is handed out early.
func delaySeconds(d time.Duration) int32 {
	return int32((min(max(d, 0), maxDelay) + time.Second - 1) / time.Second)
}

// send sends a batch, and again what SQS did not take of it, until all is taken.
func (q *Queue) send(ctx context.Context, b batch) error {
	rest := b.entries
	for sends := 1; ; sends++ {
		out, err := q.Client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String(b.url), Entries: rest})
		if err != nil {
			return translate("sending to the queue", err)
		}
		if rest, err = without(rest, out); err != nil || len(rest) == 0 {
			return err
		}
		if sends == maxSends {
			return fmt.Errorf("sending to the queue: %d messages were not taken: %w", len(rest), domain.ErrUnavailable)
		}
		if err := (domain.Backoff{First: firstResend}).Wait(ctx, sends); err != nil {
			return translate("sending to the queue", err)
		}
	}
}

// without is what SQS has not confirmed. An error means that it will never take one of the messages.
func without(
	sent []types.SendMessageBatchRequestEntry, out *sqs.SendMessageBatchOutput,
) ([]types.SendMessageBatchRequestEntry, error) {
	for _, f := range out.Failed {
		if f.SenderFault {
			return nil, fmt.Errorf("the queue refused a message: %s: %s", aws.ToString(f.Code), aws.ToString(f.Message))
		}
	}
	return slices.DeleteFunc(slices.Clone(sent), func(e types.SendMessageBatchRequestEntry) bool {
		return slices.ContainsFunc(out.Successful, func(s types.SendMessageBatchResultEntry) bool {
			return aws.ToString(s.Id) == aws.ToString(e.Id)
		})
	}), nil
}
