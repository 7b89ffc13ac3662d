package sqs

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/domain"
)

const (
	// margin is what a worker keeps of its time to hand back what it could not do.
	margin = 3 * time.Second
	// unlimited is the time of a worker that no Lambda ends.
	unlimited = 25 * time.Second
)

// Worker works on deliveries: as the Lambda behind the queue (Handle), or on one at a time behind another queue
// (Deliver). It is safe for concurrent use.
type Worker struct {
	FanOut *domain.FanOut
	// Queue gets, on its dead-letter side, messages that nobody can read. Only Handle needs it.
	Queue *Queue
	// Take, if set, is asked before a delivery is worked on; taken tells that it is none for members, and was dealt with.
	// After an error the whole message has to be handed out again.
	Take func(ctx context.Context, d domain.Delivery) (taken bool, err error)
	// Audiences are the kinds that pushes may be for, beside everyone.
	Audiences []domain.AudienceKind
	// Logger gets a line for each delivery, without its content. Nil is slog.Default.
	Logger *slog.Logger
}

// Handle works on the messages of an SQS event, one after the other. Those that failed are returned to the queue,
// which hands them out again; the event source must have ReportBatchItemFailures. The error is always nil.
//
// Three seconds before ctx's deadline it stops posting and hands back what is left, so the function's timeout has to
// be well above that.
func (w *Worker) Handle(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	failures := []events.SQSBatchItemFailure{} // Nil would be null in JSON.
	for _, m := range event.Records {
		if err := w.handle(ctx, m); err != nil {
			failures = append(failures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: failures}, nil
}

func (w *Worker) handle(ctx context.Context, m events.SQSMessage) error {
	d, err := Decode([]byte(m.Body), m.MessageId, sentAt(m), w.Audiences)
	if err != nil {
		return w.reject(ctx, m, err)
	}
	return w.Deliver(ctx, d)
}

// reject sends a message to the dead letters that nobody can read: it would not become better by trying again.
func (w *Worker) reject(ctx context.Context, m events.SQSMessage, reason error) error {
	err := w.Queue.deadLetterBody(ctx, m.Body, reason.Error())
	w.logger().ErrorContext(ctx, "malformed message: it goes to the dead-letter queue",
		"sqsMessageId", m.MessageId, "reason", reason.Error(), "deadLettered", err == nil)
	return err
}

// sentAt is when SQS got a message.
func sentAt(m events.SQSMessage) time.Time {
	ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(ms).UTC()
}

// Deliver works on one delivery, and logs what came of it. After an error the whole delivery has to be
// handed out again.
func (w *Worker) Deliver(ctx context.Context, d domain.Delivery) error {
	if taken, err := w.take(ctx, d); taken {
		return err
	}
	until := time.Now().Add(unlimited)
	if deadline, ok := ctx.Deadline(); ok {
		until = deadline.Add(-margin)
	}
	report, err := w.FanOut.Deliver(ctx, d, until)
	w.log(ctx, d, report, err)
	return err
}

// take offers a delivery to Take, and logs what it fails of.
func (w *Worker) take(ctx context.Context, d domain.Delivery) (taken bool, err error) {
	if w.Take == nil {
		return false, nil
	}
	taken, err = w.Take(ctx, d)
	if taken && err != nil {
		w.logger().ErrorContext(ctx, "message failed, it will be tried again",
			"messageId", d.MessageID, "audience", d.Audience, "error", err.Error())
	}
	return taken, err
}

func (w *Worker) log(ctx context.Context, d domain.Delivery, r domain.Report, err error) {
	level, text := slog.LevelInfo, "delivery"
	attributes := []slog.Attr{
		slog.String("messageId", d.MessageID), slog.String("audience", string(d.Audience)), slog.Int("attempt", d.Attempt),
		slog.Int("sent", r.Sent), slog.Int("gone", r.Gone), slog.Int("failed", r.Failed), slog.Int("throttled", r.Throttled),
		slog.Int("queued", r.Queued), slog.Int("deadLettered", r.DeadLettered), slog.Int("skipped", r.Skipped),
		slog.Int("expired", r.Expired), slog.Int("oversized", r.Oversized), slog.Int64("lagMs", time.Since(d.AcceptedAt).Milliseconds()),
	}
	if r.DeadLettered > 0 || r.Failed > 0 {
		level = slog.LevelWarn
	}
	if err != nil {
		level, text = slog.LevelError, "delivery failed, it will be tried again"
		attributes = append(attributes, slog.String("cause", err.Error()))
	}
	if errors.Is(err, domain.ErrForbidden) {
		attributes = append(attributes, slog.String("check", forbidden))
	}
	w.logger().LogAttrs(ctx, level, text, attributes...)
}

// forbidden says what to look at when API Gateway does not let the worker post.
const forbidden = "the role of this function must allow execute-api:ManageConnections on " +
	"arn:<partition>:execute-api:<region>:<account>:<api>/<stage>/POST/@connections/*, " +
	"and CALLBACK_URL must be https://<the endpoint of that API>/<that stage>"

func (w *Worker) logger() *slog.Logger {
	if w.Logger == nil {
		return slog.Default()
	}
	return w.Logger
}
