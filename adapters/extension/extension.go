// Package extension says what a feature of the API consists of that is not part of the core, such as chat: its routes,
// what it keeps, whom it can push to and what it does when somebody leaves. A feature has two folders, domain/<name> for
// its use cases and adapters/<name> for its actions and stores, and one value of this package's Extension, which is
// registered in functions/internal/wiring.
package extension

import (
	"context"
	"io"
	"log/slog"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/dynamodb"
	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// Extension is a feature. Only Name, Routes and Actions are required. Its functions are called at the start of a
// process, OnLeave's result at any time and concurrently.
type Extension struct {
	// Name is that of the function which serves it: functions/<name>, and in the template Ws<Name>.
	Name string
	// Routes are the keys of its routes. Each answers whoever sent the message.
	Routes []string
	// Settings are the environment variables that its function reads beside those of every function that posts.
	Settings []string
	// Audiences are the kinds of audiences that it defines, so that other services can push to them.
	Audiences []domain.AudienceKind
	// Store makes what keeps its data in the table, or beside it.
	Store func(dynamodb.Table) any
	// OnLeave makes what is told of connections that left.
	OnLeave func(queue domain.Queue, newID func() string) OnLeave
	// Worker is what works behind a queue of the extension's own, if it has one.
	Worker *Worker
	// Actions makes what serves the routes, by route key. An error says which setting is missing or wrong.
	Actions func(Core) (map[string]apigateway.Action, error)
}

// Worker is a second function of an extension, which a queue invokes.
type Worker struct {
	// Name is that of the function, as Extension.Name is. It has the same settings.
	Name string
	// Queue is the environment variable with the URL of its queue, for both functions.
	Queue string
	// Make makes it. Its Audiences and its Queue are set by others.
	Make func(Core) (*sqs.Worker, error)
}

// OnLeave is called for each audience that a closed connection was a member of, whoever defined that audience; see
// domain.Closer.
type OnLeave func(ctx context.Context, c domain.Connection, a domain.Audience) error

// Core is what an extension is built on. All of it is safe for concurrent use.
type Core struct {
	Registry    domain.Registry
	Memberships domain.Memberships
	// FanOut pushes to an audience.
	FanOut *domain.FanOut
	// Policy decides who may do what.
	Policy domain.Policy
	// Limit bounds the messages of a user; RateLimit.Apart makes a budget of the extension's own of it.
	Limit domain.RateLimit
	// NewID returns a new UUID of version 7.
	NewID  func() string
	Logger *slog.Logger
	// Store is what Extension.Store made, or what the local program keeps in memory instead.
	Store any
	// Queue is that of Extension.Worker.
	Queue domain.Queue
	// Metrics gets metrics in CloudWatch's embedded format, with Stack as their dimension; nil is none.
	Metrics io.Writer
	Stack   string
	// Setting returns the value of one of Extension.Settings; empty if it is not set.
	Setting func(name string) string
}
