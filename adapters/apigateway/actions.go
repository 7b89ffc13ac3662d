package apigateway

import (
	"context"

	"wsecho/domain"
)

// Echo answers a message with its own data and what is known of its connection.
func Echo(_ context.Context, r Request) (Reply, error) {
	data, err := r.Data()
	if err != nil {
		return Reply{}, err
	}
	return Reply{Type: "echo", Body: domain.Echo(r.Caller, data)}, nil
}

// Broadcast sends a message's data to everybody else.
func Broadcast(uc domain.Broadcaster) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		data, key, err := r.Sendable()
		if err != nil {
			return Reply{}, err
		}
		ack, err := uc.Broadcast(ctx, r.Caller, data, key)
		return Reply{Type: "ack", Body: ack}, err
	}
}

// Unknown refuses what no route serves.
func Unknown(_ context.Context, r Request) (Reply, error) {
	return Reply{}, domain.UnknownActionError(r.Action)
}
