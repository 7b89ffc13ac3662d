// Package wiring puts use cases together: on the adapters that a Lambda's environment names, or on those that the
// local program brings. Nothing else knows which adapter serves which port.
package wiring

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"

	"github.com/google/uuid"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/extension"
	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// PostConcurrency is how many posts one process has under way at the same time.
const PostConcurrency = 64

// Parts are the adapters and settings from which handlers are made. A handler needs only those its use case names.
type Parts struct {
	Authenticator domain.Authenticator
	Handshake     apigateway.Handshake
	Registry      domain.Registry
	Memberships   domain.Memberships
	Sender        domain.Sender
	Queue         domain.Queue
	Quotas        domain.Quotas
	// Stores has what extensions keep, by their names.
	Stores map[string]any
	// Queues are those of the workers of extensions, by the extensions' names.
	Queues map[string]domain.Queue
	// Setting returns the settings of extensions; nil is none.
	Setting func(name string) string
	// MaxPerUser bounds the connections of a user, MessagesPerMinute what one sends to others; 0 is no limit.
	MaxPerUser, MessagesPerMinute int
	// Limiter and Rests are shared by all that posts in this process.
	Limiter *domain.Limiter
	Rests   *domain.Rests
	Logger  *slog.Logger
	// Metrics gets metrics in CloudWatch's embedded format, with the name of the stack as a dimension; nil is none.
	Metrics io.Writer
	Stack   string
}

// On returns the parts with a table that keeps everything.
func (p Parts) On(table dynamodb.Table) Parts {
	table.Logger = p.Logger
	p.Registry = dynamodb.Registry{Table: table}
	p.Memberships = dynamodb.Memberships{Table: table}
	p.Quotas = dynamodb.Quotas{Table: table}
	p.Stores = map[string]any{}
	for _, e := range Extensions() {
		if e.Store != nil {
			p.Stores[e.Name] = e.Store(table)
		}
	}
	return p
}

// FanOut makes the use case that delivers messages, for handlers and workers.
func (p Parts) FanOut() *domain.FanOut {
	fanOut := &domain.FanOut{
		Registry: p.Registry, Sender: p.Sender, Queue: p.Queue, Closer: p.closer(),
		Limiter: p.Limiter, Rests: p.Rests, Concurrency: PostConcurrency, Random: rand.Float64,
	}
	if p.Metrics != nil {
		fanOut.Ran = sqs.Metrics(p.Metrics, p.Stack)
	}
	return fanOut
}

// Worker makes the worker behind a queue.
func (p Parts) Worker() *sqs.Worker {
	return &sqs.Worker{FanOut: p.FanOut(), Audiences: Audiences(), Logger: p.Logger}
}

// WorkerOf makes the worker of an extension that has one.
func (p Parts) WorkerOf(e extension.Extension) (*sqs.Worker, error) { return e.Worker.Make(p.core(e)) }

// Audiences are the kinds of audiences that there are, beside everyone.
func Audiences() []domain.AudienceKind {
	kinds := []domain.AudienceKind{domain.Users}
	for _, e := range Extensions() {
		kinds = append(kinds, e.Audiences...)
	}
	return kinds
}

func (p Parts) connector() domain.Connector {
	return domain.Connector{Registry: p.Registry, Memberships: p.Memberships, MaxPerUser: p.MaxPerUser}
}

func (p Parts) closer() domain.Closer {
	return domain.Closer{Registry: p.Registry, Memberships: p.Memberships, OnLeave: p.onLeave()}
}

// onLeave tells all extensions.
func (p Parts) onLeave() extension.OnLeave {
	var told []extension.OnLeave
	for _, e := range Extensions() {
		if e.OnLeave != nil {
			told = append(told, e.OnLeave(p.Queue, NewID))
		}
	}
	return func(ctx context.Context, c domain.Connection, a domain.Audience) error {
		var errs []error
		for _, tell := range told {
			errs = append(errs, tell(ctx, c, a))
		}
		return errors.Join(errs...)
	}
}

func (p Parts) broadcaster() domain.Broadcaster {
	return domain.Broadcaster{FanOut: p.FanOut(), Policy: domain.ByGrants{}, Limit: p.limit(), NewID: NewID}
}

// core is what an extension gets.
func (p Parts) core(e extension.Extension) extension.Core {
	if p.Setting == nil {
		p.Setting = func(string) string { return "" }
	}
	return extension.Core{
		Registry: p.Registry, Memberships: p.Memberships, FanOut: p.FanOut(), Policy: domain.ByGrants{}, Limit: p.limit(),
		NewID: NewID, Logger: p.Logger, Store: p.Stores[e.Name], Queue: p.Queues[e.Name], Setting: p.Setting,
		Metrics: p.Metrics, Stack: p.Stack,
	}
}

func (p Parts) requestLogger() apigateway.RequestLogger {
	return apigateway.RequestLogger{Logger: p.Logger, Metrics: p.Metrics, Stack: p.Stack}
}

func (p Parts) limit() domain.RateLimit {
	return domain.RateLimit{Quotas: p.Quotas, PerMinute: p.MessagesPerMinute}
}

func (p Parts) messages(route string, action apigateway.Action) apigateway.Handler {
	return apigateway.Messages(map[string]apigateway.Action{route: action}, p.requestLogger())
}

// NewID returns a UUID of version 7, which sorts by the time it was made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
