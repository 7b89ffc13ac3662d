// Package wiring puts use cases together: on the adapters that a Lambda's environment names, or on those that the
// local program brings. Nothing else knows which adapter serves which port.
package wiring

import (
	"log/slog"
	"math/rand/v2"

	"github.com/google/uuid"

	"wsecho/adapters/apigateway"
	"wsecho/domain"
)

// PostConcurrency is how many posts one process has under way at the same time.
const PostConcurrency = 64

// Parts are the adapters and settings from which handlers are made. A handler needs only those its use case names.
type Parts struct {
	Authenticator domain.Authenticator
	Registry      domain.Registry
	Memberships   domain.Memberships
	Sender        domain.Sender
	Queue         domain.Queue
	// Pace is shared by all that posts in this process.
	Pace   *domain.Pace
	Logger *slog.Logger
}

// Authorize makes the handler that decides who may connect.
func (p Parts) Authorize() apigateway.Authorizer {
	return apigateway.Authorize(p.Authenticator, p.Logger)
}

// Connect makes the handler of $connect.
func (p Parts) Connect() apigateway.Handler {
	return apigateway.Connect(domain.Connector{Registry: p.Registry}, p.Logger)
}

// Disconnect makes the handler of $disconnect.
func (p Parts) Disconnect() apigateway.Handler {
	return apigateway.Disconnect(p.closer(), p.Logger)
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
	return p.messages("broadcast", apigateway.Broadcast(domain.Broadcaster{FanOut: p.FanOut(), NewID: newID}))
}

// FanOut makes the use case that delivers messages, for handlers and workers.
func (p Parts) FanOut() *domain.FanOut {
	return &domain.FanOut{
		Registry: p.Registry, Sender: p.Sender, Queue: p.Queue, Closer: p.closer(),
		Pace: p.Pace, Concurrency: PostConcurrency, Random: rand.Float64,
	}
}

func (p Parts) closer() domain.Closer {
	return domain.Closer{Registry: p.Registry, Memberships: p.Memberships}
}

func (p Parts) messages(route string, action apigateway.Action) apigateway.Handler {
	return apigateway.Messages(map[string]apigateway.Action{route: action}, p.Logger)
}

// newID returns a UUID of version 7, which sorts by the time it was made.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
