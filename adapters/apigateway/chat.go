package apigateway

import (
	"context"

	"wsecho/domain/chat"
)

// Chat returns the actions of chat by route key.
func Chat(uc *chat.Chat) map[string]Action {
	return map[string]Action{
		"hello":   hello,
		"join":    join(uc),
		"leave":   leave(uc),
		"say":     say(uc),
		"tell":    tell(uc),
		"who":     who(uc),
		"history": history(uc),
		"ping":    ping(uc),
	}
}

func hello(_ context.Context, r Request) (Reply, error) {
	return Reply{Type: "welcome", Body: chat.Hello(r.Caller, MaxData)}, nil
}

func join(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return Reply{}, err
		}
		resume, err := r.resume()
		if err != nil {
			return Reply{}, err
		}
		joined, err := uc.Join(ctx, r.Caller, room, resume)
		return Reply{Type: "ack", Body: joined}, err
	}
}

// resume reads the position from which a client wants to go on: epoch and after, both or neither.
func (r *Request) resume() (*chat.Resume, error) {
	epoch, hasEpoch, err := r.String("epoch")
	if err != nil {
		return nil, err
	}
	after, err := r.position("after")
	if err != nil {
		return nil, err
	}
	if hasEpoch != (after != nil) {
		return nil, bad(`"epoch" and "after" go together`)
	}
	if !hasEpoch {
		return nil, nil
	}
	return &chat.Resume{Epoch: epoch, After: *after}, nil
}

func leave(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return Reply{}, err
		}
		left, err := uc.Leave(ctx, r.Caller, room)
		return Reply{Type: "ack", Body: left}, err
	}
}

func say(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return Reply{}, err
		}
		data, key, err := r.Sendable()
		if err != nil {
			return Reply{}, err
		}
		said, err := uc.Say(ctx, r.Caller, room, data, key)
		return Reply{Type: "ack", Body: said}, err
	}
}

func tell(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		to, err := r.recipient()
		if err != nil {
			return Reply{}, err
		}
		data, key, err := r.Sendable()
		if err != nil {
			return Reply{}, err
		}
		ack, err := uc.Tell(ctx, r.Caller, to, data, key)
		return Reply{Type: "ack", Body: ack}, err
	}
}

// recipient reads whom a direct message is for.
func (r *Request) recipient() (chat.Recipient, error) {
	var to struct{ User, Connection string }
	if ok, err := r.read("to", `{"user": name} or {"connection": id}`, &to); err != nil || !ok || (to.User == "") == (to.Connection == "") {
		return chat.Recipient{}, bad(`"to" must be {"user": name} or {"connection": id}`)
	}
	return chat.Recipient(to), nil
}

func who(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return Reply{}, err
		}
		cursor, _, err := r.String("cursor")
		if err != nil {
			return Reply{}, err
		}
		presence, err := uc.Who(ctx, r.Caller, room, cursor)
		return Reply{Type: "presence", Body: presence}, err
	}
}

func history(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		room, err := r.RequiredString("room")
		if err != nil {
			return Reply{}, err
		}
		at, err := r.historyPosition()
		if err != nil {
			return Reply{}, err
		}
		page, err := uc.History(ctx, r.Caller, room, at)
		return Reply{Type: "history", Body: page}, err
	}
}

// historyPosition reads which page of a history is wanted.
func (r *Request) historyPosition() (at chat.Position, err error) {
	epoch, ok, err := r.String("epoch")
	if err != nil {
		return at, err
	}
	if ok {
		at.Epoch = &epoch
	}
	if at.After, err = r.position("after"); err != nil {
		return at, err
	}
	if at.Before, err = r.position("before"); err != nil {
		return at, err
	}
	if at.After != nil && at.Before != nil {
		return at, bad(`"after" and "before" exclude each other`)
	}
	at.Limit = chat.MaxPage
	if _, err := r.read("limit", "a number", &at.Limit); err != nil || at.Limit < 1 || at.Limit > chat.MaxPage {
		return at, bad(`"limit" must be a whole number from 1 to %d`, chat.MaxPage)
	}
	return at, nil
}

func ping(uc *chat.Chat) Action {
	return func(ctx context.Context, r Request) (Reply, error) {
		var rooms []string
		if _, err := r.read("rooms", "a list of room names", &rooms); err != nil {
			return Reply{}, err
		}
		pong, err := uc.Ping(ctx, r.Caller, rooms)
		return Reply{Type: "pong", Body: pong}, err
	}
}

// position reads a number of a room's log; nil if there is none.
func (r *Request) position(name string) (*int64, error) {
	var n int64
	ok, err := r.read(name, "a whole number, 0 or more", &n)
	if err != nil || !ok {
		return nil, err
	}
	if n < 0 {
		return nil, bad("%q must be a whole number, 0 or more", name)
	}
	return &n, nil
}
