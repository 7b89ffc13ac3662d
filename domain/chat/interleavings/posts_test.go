package interleavings

import (
	"context"
	"encoding/json"
	"fmt"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// The world's rows that are no rows of the table.
func socketKey(id string) string { return "socket|" + id }

// open is the value of a socket that is open. Before there is none, and afterwards it is closed.
const open, closed = "open", "closed"

// wordKey is what the observer was told last of a member: that it joined, or left.
func wordKey(id string) string { return "word|" + id }

// queuePrefix begins the keys of what the queue holds; the value is how often it does.
const queuePrefix = "queue|"

// observer is who sees what a room is told. It is in the room from beginning to end.
const observer = "o"

// sockets is a Sender. It posts to whoever's socket is open.
type sockets struct{ service }

// Send implements domain.Sender.
func (s sockets) Send(_ context.Context, id string, _ []byte) error {
	got := s.do(step{name: "posts to " + id, reads: true, apply: func(w world) (world, answer) {
		return w, answerOf(w.text(socketKey(id)) == open, false)
	}})
	if got.fate != answered {
		return context.DeadlineExceeded
	}
	if there := got.answer.value.(bool); !there {
		return domain.ErrGone
	}
	return nil
}

// announcements is a Sender that shows the observer what it is told of members. Lines are not looked at: posts of them
// are a hint, and history is what counts.
type announcements struct{ service }

// Send implements domain.Sender.
func (s announcements) Send(_ context.Context, to string, message []byte) error {
	var told struct{ Type, Connection string }
	if err := json.Unmarshal(message, &told); err != nil {
		return err
	}
	if to != observer || told.Type != "joined" && told.Type != "left" {
		return nil
	}
	got := s.do(step{name: fmt.Sprintf("tells the room that %s %s", told.Connection, told.Type), apply: func(w world) (world, answer) {
		return w.with(wordKey(told.Connection), told.Type), answerOf(nil, true)
	}})
	if got.fate != answered {
		return context.DeadlineExceeded
	}
	return nil
}

// observed is a Registry whose rooms have the observer alone: whoever posts to a room posts to nobody else. Others who
// would be found gone and reaped meanwhile are reaped by a process of its own, at any time. A look at one position is
// one at the store.
type observed struct{ store }

// Members implements domain.Registry.
func (o observed) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	if s.First == s.Last {
		return o.store.Members(ctx, a, s, limit)
	}
	return domain.Page{Members: []domain.Member{{ID: observer, ConnectedAt: begin}}}, nil
}

// queue keeps deliveries until a worker gets them, in any order.
type queue struct{ service }

// Enqueue implements domain.Queue. Delays are not kept: a worker may come at any time.
func (q queue) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	for _, d := range ds {
		d.MessageID, d.Delay = "", 0
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if err := q.put(queuePrefix+string(text), "queues "+string(d.Message)); err != nil {
			return err
		}
	}
	return nil
}

func (q queue) put(key, name string) error {
	for {
		got := q.do(step{name: name, apply: func(w world) (world, answer) {
			return w.queued(key), answerOf(nil, true)
		}})
		switch got.fate {
		case answered:
			return nil
		case unheard, refused:
			return fmt.Errorf("%w: %s", domain.ErrUnavailable, got.fate)
		}
	}
}

// queued is the world once a delivery is queued, once more if it is there already.
func (w world) queued(key string) world {
	n, _ := w.get(key).(int)
	return w.with(key, n+1)
}

// unqueued is the world once a worker got a delivery.
func (w world) unqueued(key string) world {
	if n := w.get(key).(int); n > 1 {
		return w.with(key, n-1)
	}
	return w.without(key)
}

// DeadLetter implements domain.Queue.
func (q queue) DeadLetter(context.Context, domain.Delivery, string) error { return nil }

// The use cases as they are wired, over the steps of a run.

func (r *run) closer() domain.Closer {
	s := store{r}
	return domain.Closer{Registry: s, Memberships: s, OnLeave: chat.Announcer{Queue: queue{r}, NewID: r.newID}.AnnounceLeave}
}

func (r *run) fanOut(registry domain.Registry, sender domain.Sender) *domain.FanOut {
	return &domain.FanOut{
		Registry: registry, Sender: sender, Queue: queue{r}, Closer: r.closer(), Limiter: domain.NewLimiter(1e6),
		Concurrency: 1, Random: func() float64 { return 0.5 },
	}
}

func (r *run) chat() *chat.Chat {
	s, relay := store{r}, r.relay(0, 0)
	relay.Relays = elsewhere{}
	return &chat.Chat{
		Relay:    relay,
		Registry: s, Memberships: s, Log: s, IdempotencyKeys: s, FanOut: r.fanOut(observed{s}, announcements{r}),
		Policy: domain.ByGrants{}, NewID: r.newID, HistoryDays: 1,
	}
}
