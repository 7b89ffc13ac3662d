// Package wiring puts use cases together: on the adapters that a Lambda's environment names, or on those that the
// local program brings. Nothing else knows which adapter serves which port.
package wiring

import (
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/sqs"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// PostConcurrency is how many posts one process has under way at the same time.
const PostConcurrency = 64

// ChatLog is what keeps the logs of rooms and the keys of senders.
type ChatLog interface {
	chat.Log
	chat.Keys
}

// Parts are the adapters and settings from which handlers are made. A handler needs only those its use case names.
type Parts struct {
	Authenticator domain.Authenticator
	Handshake     apigateway.Handshake
	Registry      domain.Registry
	Memberships   domain.Memberships
	Sender        domain.Sender
	Queue         domain.Queue
	Tally         domain.Tally
	ChatLog       ChatLog
	// HistoryDays is how long rooms keep messages.
	HistoryDays int
	// MaxPerUser bounds the connections of a user, MessagesPerMinute what one sends to others; 0 is no limit.
	MaxPerUser, MessagesPerMinute int
	// Pace and Rests are shared by all that posts in this process.
	Pace   *domain.Pace
	Rests  *domain.Rests
	Logger *slog.Logger
	// Metrics gets metrics in CloudWatch's embedded format, with the name of the stack as a dimension; nil is none.
	Metrics io.Writer
	Stack   string
}

// On returns the parts with a table that keeps the registry and the rooms.
func (p Parts) On(table dynamodb.Table) Parts {
	p.Registry = dynamodb.Registry{Table: table}
	p.Memberships = dynamodb.Memberships{Table: table}
	p.Tally = dynamodb.Tally{Table: table}
	p.ChatLog = dynamodb.ChatLog{Table: table}
	return p
}

// Authorize makes the handler that decides who may connect.
func (p Parts) Authorize() apigateway.Authorizer {
	return apigateway.Authorize(p.Authenticator, p.Handshake, p.journal())
}

// Connect makes the handler of $connect.
func (p Parts) Connect() apigateway.Handler {
	connector := domain.Connector{Registry: p.Registry, Memberships: p.Memberships, MaxPerUser: p.MaxPerUser}
	return apigateway.Connect(connector, p.journal())
}

// Disconnect makes the handler of $disconnect.
func (p Parts) Disconnect() apigateway.Handler {
	return apigateway.Disconnect(p.closer(), p.journal())
}

// Default makes the handler of what no other route serves.
func (p Parts) Default() apigateway.Handler {
	return p.messages("$default", apigateway.Unknown)
}

// Echo makes the handler of echo.
func (p Parts) Echo() apigateway.Handler {
	return p.messages("echo", apigateway.Echo)
}

// Broadcast makes the handler of broadcast.
func (p Parts) Broadcast() apigateway.Handler {
	return p.messages("broadcast", apigateway.Broadcast(domain.Broadcaster{
		FanOut: p.FanOut(), Policy: domain.ByGrants{}, Limit: p.limit(), NewID: NewID,
	}))
}

// Chat makes the handler of all routes of chat.
func (p Parts) Chat() apigateway.Handler {
	return apigateway.Messages(apigateway.Chat(p.chat()), p.journal())
}

// ChatRoutes are the route keys that Chat handles.
func ChatRoutes() []string {
	return slices.Sorted(maps.Keys(apigateway.Chat(nil)))
}

func (p Parts) chat() *chat.Chat {
	return &chat.Chat{
		Registry: p.Registry, Memberships: p.Memberships, Log: p.ChatLog, Keys: p.ChatLog,
		FanOut: p.FanOut(), Policy: domain.ByGrants{}, Limit: p.limit(), NewID: NewID,
		HistoryDays: p.HistoryDays, Logger: p.Logger,
	}
}

// FanOut makes the use case that delivers messages, for handlers and workers.
func (p Parts) FanOut() *domain.FanOut {
	fanOut := &domain.FanOut{
		Registry: p.Registry, Sender: p.Sender, Queue: p.Queue, Closer: p.closer(),
		Pace: p.Pace, Rests: p.Rests, Concurrency: PostConcurrency, Random: rand.Float64,
	}
	if p.Metrics != nil {
		fanOut.Ran = sqs.Metrics(p.Metrics, p.Stack)
	}
	return fanOut
}

// Worker makes the worker behind a queue.
func (p Parts) Worker() *sqs.Worker {
	return &sqs.Worker{FanOut: p.FanOut(), Logger: p.Logger}
}

func (p Parts) closer() domain.Closer {
	departures := chat.Departures{Queue: p.Queue, NewID: NewID}
	return domain.Closer{Registry: p.Registry, Memberships: p.Memberships, Departed: departures.Departed}
}

func (p Parts) journal() apigateway.Journal {
	return apigateway.Journal{Logger: p.Logger, Metrics: p.Metrics, Stack: p.Stack}
}

func (p Parts) limit() domain.RateLimit {
	return domain.RateLimit{Tally: p.Tally, PerMinute: p.MessagesPerMinute}
}

func (p Parts) messages(route string, action apigateway.Action) apigateway.Handler {
	return apigateway.Messages(map[string]apigateway.Action{route: action}, p.journal())
}

// NewID returns a UUID of version 7, which sorts by the time it was made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
