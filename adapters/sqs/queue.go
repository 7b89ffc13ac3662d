// Package sqs keeps deliveries on an SQS queue: the domain's Queue, the worker behind the queue as a Lambda handler,
// and the format of the queue's messages, by which other services push to clients (docs/push.md).
package sqs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"wsecho/domain"
)

var _ domain.Queue = (*Queue)(nil)

// Queue is a standard queue of SQS, with another one for retries and a third for what could not be delivered. It is safe
// for concurrent use. What takes messages off the queues is Worker.
type Queue struct {
	Client *sqs.Client
	// URL is the queue's.
	URL string
	// RetryURL is that of the queue for retries, which few workers serve. If it is empty, retries go the other way.
	RetryURL string
	// DeadLetterURL is that of the queue for what is given up. A process that dead-letters nothing may leave it empty.
	DeadLetterURL string
}

// maxDelay is the longest that SQS holds a message back.
// Source: AWS, "Amazon SQS message quotas", message timer.
const maxDelay = 15 * time.Minute

// Enqueue implements domain.Queue. It sends what fits a batch at a time, the batches at the same time, and sends
// again what SQS did not take of a batch. Delays are rounded up to seconds, and down to 15 minutes.
func (q *Queue) Enqueue(ctx context.Context, ds ...domain.Delivery) error {
	var batches []batch
	for url, ds := range q.roads(ds) {
		packed, err := pack(url, ds)
		if err != nil {
			return err
		}
		batches = append(batches, packed...)
	}
	errs := make([]error, len(batches))
	var sending sync.WaitGroup
	for i, b := range batches {
		sending.Go(func() { errs[i] = q.send(ctx, b) })
	}
	sending.Wait()
	return errors.Join(errs...)
}

// roads sorts deliveries by the queue that is for them, by its URL.
func (q *Queue) roads(ds []domain.Delivery) map[string][]domain.Delivery {
	roads := map[string][]domain.Delivery{}
	for _, d := range ds {
		url := q.URL
		if d.Retry() && q.RetryURL != "" {
			url = q.RetryURL
		}
		roads[url] = append(roads[url], d)
	}
	return roads
}

// DeadLetter implements domain.Queue. The reason is the message's attribute "reason".
func (q *Queue) DeadLetter(ctx context.Context, d domain.Delivery, reason string) error {
	body, err := encode(d)
	if err != nil {
		return err
	}
	return q.deadLetterBody(ctx, string(body), reason)
}

func (q *Queue) deadLetterBody(ctx context.Context, body, reason string) error {
	_, err := q.Client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:    aws.String(q.DeadLetterURL),
		MessageBody: aws.String(body),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"reason": {DataType: aws.String("String"), StringValue: aws.String(sendable.Replace(reason))},
		},
	})
	return translate("sending to the dead-letter queue", err)
}

// translate adds ErrUnavailable to errors of a kind that passes.
func translate(doing string, err error) error {
	if err == nil {
		return nil
	}
	passing := retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
	if passing || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w: %w", doing, domain.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
