package wiring

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/events"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/domain"
)

// Authorize is the Lambda authorizer of $connect. It needs AUTH_MODE and what Auth needs in that mode.
func Authorize() apigateway.Authorizer {
	parts := bare()
	if err := authFromEnvironment().Apply(&parts); err != nil {
		stop("%v", err)
	}
	return parts.Authorize()
}

// Connect is the Lambda of $connect. It needs TABLE_NAME and CONNECTIONS_PER_USER.
func Connect() apigateway.Handler {
	parts := stored()
	parts.MaxPerUser = limit("CONNECTIONS_PER_USER")
	return parts.Connect()
}

// Disconnect is the Lambda of $disconnect. It needs TABLE_NAME and QUEUE_URL.
func Disconnect() apigateway.Handler {
	parts := stored()
	parts.Queue = queue()
	return parts.Disconnect()
}

// Default is the Lambda of $default. It needs nothing.
func Default() apigateway.Handler {
	return bare().Default()
}

// Echo is the Lambda of echo. It needs nothing.
func Echo() apigateway.Handler {
	return bare().Echo()
}

// Broadcast is the Lambda of broadcast. It needs TABLE_NAME, QUEUE_URL, RETRY_QUEUE_URL, CALLBACK_URL, CALLBACK_RATE,
// MAX_CONCURRENCY and MESSAGES_PER_MINUTE.
func Broadcast() apigateway.Handler {
	parts := posting()
	parts.MessagesPerMinute = limit("MESSAGES_PER_MINUTE")
	return parts.Broadcast()
}

// Chat is the Lambda of all routes of chat. It needs what Broadcast needs, and HISTORY_DAYS.
func Chat() apigateway.Handler {
	parts := posting()
	parts.MessagesPerMinute = limit("MESSAGES_PER_MINUTE")
	parts.HistoryDays = int(number("HISTORY_DAYS"))
	return parts.Chat()
}

// Deliver is the Lambda behind the queue and that of retries. It needs what Broadcast needs but for MESSAGES_PER_MINUTE,
// and DLQ_URL.
func Deliver() func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	parts := posting()
	queue := queues()
	queue.DeadLetterURL = must("DLQ_URL")
	parts.Queue = queue
	worker := parts.Worker()
	worker.Queue = queue
	return worker.Handle
}

// bare are the parts that every function has. It reads LOG_LEVEL, and STACK_NAME, as whose metrics count.
func bare() Parts {
	return Parts{Logger: logger(), Metrics: os.Stdout, Stack: os.Getenv("STACK_NAME")}
}

// stored are the parts of a function that keeps the registry.
func stored() Parts {
	return bare().On(dynamodb.Table{Client: dynamodb.NewClient(awsConfig()), Name: must("TABLE_NAME")})
}

// RetryConcurrency is how many workers serve the queue of retries: the fewest that an event source can have.
// Source: AWS, Lambda API reference, ScalingConfig, MaximumConcurrency.
const RetryConcurrency = 2

// posting are the parts of a function that posts to connections.
func posting() Parts {
	parts := stored()
	parts.Queue = queues()
	parts.Sender = apigateway.NewSender(awsConfig(), must("CALLBACK_URL"), PostConcurrency)
	parts.Pace = domain.NewPace(number("CALLBACK_RATE") / (number("MAX_CONCURRENCY") + RetryConcurrency))
	parts.Rests = new(domain.Rests)
	return parts
}
