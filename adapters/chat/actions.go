package chat

import (
	"context"

	"wsecho/adapters/apigateway"
	"wsecho/domain/chat"
)

// actions make what serves the routes, by route key.
var actions = map[string]func(*chat.Chat) apigateway.Action{
	"hello":   hello,
	"join":    join,
	"leave":   leave,
	"say":     say,
	"tell":    tell,
	"who":     who,
	"history": history,
	"ping":    ping,
}

func hello(*chat.Chat) apigateway.Action {
	return func(_ context.Context, r apigateway.Request) (apigateway.Reply, error) {
		return apigateway.Reply{Type: "welcome", Body: chat.Hello(r.Caller, apigateway.MaxData)}, nil
	}
}

func join(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return apigateway.Reply{}, err
		}
		resume, err := resume(r)
		if err != nil {
			return apigateway.Reply{}, err
		}
		joined, err := uc.Join(ctx, r.Caller, room, resume)
		return apigateway.Reply{Type: "ack", Body: joined}, err
	}
}

// resume reads the position from which a client wants to go on: epoch and after, both or neither.
func resume(r apigateway.Request) (*chat.Resume, error) {
	epoch, hasEpoch, err := r.String("epoch")
	if err != nil {
		return nil, err
	}
	after, err := seq(r, "after")
	if err != nil {
		return nil, err
	}
	if hasEpoch != (after != nil) {
		return nil, apigateway.Bad(`"epoch" and "after" go together`)
	}
	if !hasEpoch {
		return nil, nil
	}
	return &chat.Resume{Epoch: epoch, After: *after}, nil
}

func leave(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return apigateway.Reply{}, err
		}
		left, err := uc.Leave(ctx, r.Caller, room)
		return apigateway.Reply{Type: "ack", Body: left}, err
	}
}

func say(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return apigateway.Reply{}, err
		}
		data, key, err := r.Sendable()
		if err != nil {
			return apigateway.Reply{}, err
		}
		said, err := uc.Say(ctx, r.Caller, room, data, key)
		return apigateway.Reply{Type: "ack", Body: said}, err
	}
}

func tell(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		to, err := recipient(r)
		if err != nil {
			return apigateway.Reply{}, err
		}
		data, key, err := r.Sendable()
		if err != nil {
			return apigateway.Reply{}, err
		}
		ack, err := uc.Tell(ctx, r.Caller, to, data, key)
		return apigateway.Reply{Type: "ack", Body: ack}, err
	}
}

// recipient reads whom a direct message is for.
func recipient(r apigateway.Request) (chat.Recipient, error) {
	var to struct{ User, Connection string }
	if ok, err := r.Read("to", `{"user": name} or {"connection": id}`, &to); err != nil || !ok || (to.User == "") == (to.Connection == "") {
		return chat.Recipient{}, apigateway.Bad(`"to" must be {"user": name} or {"connection": id}`)
	}
	return chat.Recipient(to), nil
}

func who(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return apigateway.Reply{}, err
		}
		cursor, _, err := r.String("cursor")
		if err != nil {
			return apigateway.Reply{}, err
		}
		presence, err := uc.Who(ctx, r.Caller, room, cursor)
		return apigateway.Reply{Type: "presence", Body: presence}, err
	}
}

func history(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return apigateway.Reply{}, err
		}
		at, err := pageRequest(r)
		if err != nil {
			return apigateway.Reply{}, err
		}
		page, err := uc.History(ctx, r.Caller, room, at)
		return apigateway.Reply{Type: "history", Body: page}, err
	}
}

// pageRequest reads which page of a history is wanted.
func pageRequest(r apigateway.Request) (at chat.PageRequest, err error) {
	epoch, ok, err := r.String("epoch")
	if err != nil {
		return at, err
	}
	if ok {
		at.Epoch = &epoch
	}
	if at.After, err = seq(r, "after"); err != nil {
		return at, err
	}
	if at.Before, err = seq(r, "before"); err != nil {
		return at, err
	}
	if at.After != nil && at.Before != nil {
		return at, apigateway.Bad(`"after" and "before" exclude each other`)
	}
	at.Limit = chat.MaxPage
	if _, err := r.Read("limit", "a number", &at.Limit); err != nil || at.Limit < 1 || at.Limit > chat.MaxPage {
		return at, apigateway.Bad(`"limit" must be a whole number from 1 to %d`, chat.MaxPage)
	}
	return at, nil
}

func ping(uc *chat.Chat) apigateway.Action {
	return func(ctx context.Context, r apigateway.Request) (apigateway.Reply, error) {
		var rooms []string
		if _, err := r.Read("rooms", "a list of room names", &rooms); err != nil {
			return apigateway.Reply{}, err
		}
		pong, err := uc.Ping(ctx, r.Caller, rooms)
		return apigateway.Reply{Type: "pong", Body: pong}, err
	}
}

// seq reads a number of a room's log; nil if there is none.
func seq(r apigateway.Request, name string) (*int64, error) {
	var n int64
	ok, err := r.Read(name, "a whole number, 0 or more", &n)
	if err != nil || !ok {
		return nil, err
	}
	if n < 0 {
		return nil, apigateway.Bad("%q must be a whole number, 0 or more", name)
	}
	return &n, nil
}
