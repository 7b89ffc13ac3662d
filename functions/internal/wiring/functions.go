package wiring

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/adapters/apigateway"
	"wsecho/adapters/extension"
	"wsecho/adapters/sqs"
	"wsecho/domain"
)

// The functions of the core. They are no variables, so that a Lambda has the code of its own function alone.

// Authorize decides who may connect.
func Authorize() Function {
	return Function{
		Name: "authorize", Settings: []Setting{whoMayConnect},
		Make: func(p Parts) (lambda.Handler, error) {
			return apigateway.Authorize(p.Authenticator, p.Handshake, p.requestLogger()), nil
		},
	}
}

// Connect registers connections.
func Connect() Function {
	return Function{
		Name: "connect", Routes: []string{"$connect"}, Settings: []Setting{table, connectionsPerUser},
		Make: func(p Parts) (lambda.Handler, error) {
			return apigateway.Connect(p.connector(), p.requestLogger()), nil
		},
	}
}

// Disconnect forgets connections.
func Disconnect() Function {
	return Function{
		Name: "disconnect", Routes: []string{"$disconnect"}, Settings: []Setting{table, queue},
		Make: func(p Parts) (lambda.Handler, error) {
			return apigateway.Disconnect(p.closer(), p.requestLogger()), nil
		},
	}
}

// Default refuses what no other route serves.
func Default() Function {
	return Function{
		Name: "default", Routes: []string{"$default"}, Answers: true,
		Make: func(p Parts) (lambda.Handler, error) { return p.messages("$default", apigateway.Unknown), nil },
	}
}

// Echo answers its sender.
func Echo() Function {
	return Function{
		Name: "echo", Routes: []string{"echo"}, Answers: true,
		Make: func(p Parts) (lambda.Handler, error) { return p.messages("echo", apigateway.Echo), nil },
	}
}

// Broadcast sends a message to everybody else.
func Broadcast() Function {
	return Function{
		Name: "broadcast", Routes: []string{"broadcast"}, Answers: true, Settings: speaking(),
		Make: func(p Parts) (lambda.Handler, error) {
			return p.messages("broadcast", apigateway.Broadcast(p.broadcaster())), nil
		},
	}
}

// Deliver works on the messages of the queue and of that of retries, the service's own and other services'.
func Deliver() Function {
	return Function{
		Name: "deliver", Settings: []Setting{table, allQueues, posts},
		Make: func(p Parts) (lambda.Handler, error) {
			worker := p.Worker()
			var ok bool
			if worker.Queue, ok = p.Queue.(*sqs.Queue); !ok {
				return nil, errors.New("deliver works behind queues of SQS alone")
			}
			return lambda.NewHandler(worker.Handle), nil
		},
	}
}

// Functions returns all functions: the core's, and those of the extensions.
func Functions() []Function {
	all := []Function{Authorize(), Connect(), Disconnect(), Default(), Echo(), Broadcast(), Deliver()}
	for _, e := range Extensions() {
		all = append(all, Extension(e))
		if e.Worker != nil {
			all = append(all, Worker(e))
		}
	}
	return all
}

// Extension is the function that serves an extension's routes.
func Extension(e extension.Extension) Function {
	settings := append(speaking(), own(e))
	if e.Worker != nil {
		settings = append(settings, ownQueue(e, e.Worker.Queue))
	}
	return Function{
		Name: e.Name, Routes: e.Routes, Answers: true, Settings: settings,
		Make: func(p Parts) (lambda.Handler, error) {
			actions, err := e.Actions(p.core(e))
			if err != nil {
				return nil, err
			}
			if made := slices.Sorted(maps.Keys(actions)); !slices.Equal(made, slices.Sorted(slices.Values(e.Routes))) {
				return nil, fmt.Errorf("the extension %s has the routes %v and actions for %v", e.Name, e.Routes, made)
			}
			return apigateway.Messages(actions, p.requestLogger()), nil
		},
	}
}

// Worker is the function that works behind an extension's own queue.
func Worker(e extension.Extension) Function {
	return Function{
		Name: e.Worker.Name, Settings: []Setting{table, queue, posts, own(e), ownQueue(e, e.Worker.Queue, "DLQ_URL")},
		Make: func(p Parts) (lambda.Handler, error) {
			worker, err := p.WorkerOf(e)
			if err != nil {
				return nil, err
			}
			var ok bool
			if worker.Queue, ok = p.Queues[e.Name].(*sqs.Queue); !ok {
				return nil, errors.New(e.Worker.Name + " works behind queues of SQS alone")
			}
			return lambda.NewHandler(worker.Handle), nil
		},
	}
}

// own are the settings of an extension.
func own(e extension.Extension) Setting {
	return Setting{Names: e.Settings, fill: func(p *Parts, env environment) error {
		p.Setting = env.value
		return nil
	}}
}

// ownQueue is the queue of an extension's worker. It has no other road for retries. The second variable is the queue's
// for what nobody can read.
func ownQueue(e extension.Extension, names ...string) Setting {
	return Setting{Names: names, fill: func(p *Parts, env environment) error {
		q := new(sqs.Queue)
		err := env.queue(q, &q.URL, &q.DeadLetterURL)
		q.RetryURL = q.URL
		p.Queues = map[string]domain.Queue{e.Name: q}
		return err
	}}
}
