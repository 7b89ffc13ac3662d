package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/adapters/chat/chatmemory"
	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/domain/domaintest"
)

const room = "lobby"

// rig is chat over memory. It notes what connections are sent, and a test decides what becomes of writes.
type rig struct {
	*chat.Chat
	t        *testing.T
	registry *memory.Registry
	log      *log
	relays   *chat.Relay
	ids      atomic.Int64

	mu     sync.Mutex // Guards what follows.
	queued []domain.Delivery
	handed []chat.HandOn
	sent   map[string][]map[string]any
	fails  map[string]error // How posts to a connection fail.
	slow   map[string]time.Duration
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, registry: new(memory.Registry), log: new(log), sent: map[string][]map[string]any{}, fails: map[string]error{}, slow: map[string]time.Duration{}}
	fanOut := &domain.FanOut{
		Registry: r.registry, Sender: r, Queue: r, Closer: domain.Closer{Registry: r.registry, Memberships: r.registry},
		Limiter: domain.NewLimiter(1e6), Concurrency: 4, Random: func() float64 { return 0.5 },
	}
	r.relays = &chat.Relay{
		Log: r.log, Relays: r.log, FanOut: fanOut, HandOns: r, NewID: r.newID, HistoryDays: 1,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	r.Chat = &chat.Chat{
		Relay:    r.relays,
		Registry: r.registry, Memberships: r.registry, Log: r.log, IdempotencyKeys: r.log, FanOut: fanOut, Policy: domain.ByGrants{},
		NewID: r.newID, HistoryDays: 1,
	}
	return r
}

// newID returns a UUID of version 7 whose time is the virtual one.
func (r *rig) newID() string {
	ms := time.Now().UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-%012x", ms>>16, ms&0xffff, r.ids.Add(1))
}

// Send implements domain.Sender.
func (r *rig) Send(_ context.Context, id string, data []byte) error {
	var push map[string]any
	if err := json.Unmarshal(data, &push); err != nil {
		return err
	}
	r.mu.Lock()
	takes := r.slow[id]
	r.mu.Unlock()
	time.Sleep(takes)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.fails[id]; err != nil {
		return err
	}
	r.sent[id] = append(r.sent[id], push)
	return nil
}

// Enqueue implements domain.Queue.
func (r *rig) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queued = append(r.queued, ds...)
	return nil
}

// HandOn implements chat.HandOns.
func (r *rig) HandOn(_ context.Context, h chat.HandOn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handed = append(r.handed, h)
	return nil
}

// DeadLetter implements domain.Queue.
func (r *rig) DeadLetter(context.Context, domain.Delivery, string) error { return nil }

// work delivers what is queued.
func (r *rig) work() {
	r.mu.Lock()
	queued := r.queued
	r.queued = nil
	r.mu.Unlock()
	for _, d := range queued {
		_, err := r.FanOut.Deliver(r.t.Context(), d, time.Now().Add(time.Minute))
		r.wantNil(err)
	}
}

// received returns what a connection was sent since the last time.
func (r *rig) received(who domain.Caller) []map[string]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	pushes := r.sent[who.ID]
	delete(r.sent, who.ID)
	return pushes
}

// vanish ends a connection whose $disconnect has not been handled.
func (r *rig) vanish(who domain.Caller) { r.fail(who, domain.ErrGone) }

// takes lets all posts to a connection take a time.
func (r *rig) takes(who domain.Caller, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow[who.ID] = d
}

// fail lets all posts to a connection fail.
func (r *rig) fail(who domain.Caller, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails[who.ID] = err
}

func (r *rig) wantNil(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) connect(user string) domain.Caller {
	c := domaintest.NewConnection(user)
	r.wantNil(r.registry.Connect(r.t.Context(), c))
	return domain.Caller{Connection: c, Grants: domain.AllGrants}
}

// member connects somebody who is in the room. Nobody is told.
func (r *rig) member(user string) domain.Caller {
	who := r.connect(user)
	_, err := r.registry.Enter(r.t.Context(), who.Connection, chat.Audience(room), chat.MaxRooms)
	r.wantNil(err)
	return who
}

func (r *rig) say(who domain.Caller, data, key string) chat.Said {
	r.t.Helper()
	said, err := r.Say(r.t.Context(), who, room, quoted(data), key)
	r.wantNil(err)
	return said
}

func quoted(data string) json.RawMessage {
	text, _ := json.Marshal(data)
	return text
}

// history returns a page and its numbers, with a v after those of voids.
func (r *rig) history(who domain.Caller, at chat.PageRequest) (page chat.History, shown string) {
	r.t.Helper()
	if at.Limit == 0 {
		at.Limit = chat.MaxPage
	}
	page, err := r.History(r.t.Context(), who, room, at)
	r.wantNil(err)
	return page, fmt.Sprint(numbers(page.Messages), page.More)
}

func numbers(messages []chat.Message) []string {
	var all []string
	for _, m := range messages {
		number := fmt.Sprint(m.Seq)
		if m.Void {
			number += "v"
		}
		all = append(all, number)
	}
	return all
}

func after(seq int64) chat.PageRequest  { return chat.PageRequest{After: &seq} }
func before(seq int64) chat.PageRequest { return chat.PageRequest{Before: &seq} }

// stored returns what stands in the room's log, holes and all, by a look that fills nothing.
func (r *rig) stored() []chat.Entry {
	r.t.Helper()
	head, err := r.log.Head(r.t.Context(), room)
	r.wantNil(err)
	entries, _, err := r.log.Read(r.t.Context(), room, head.Epoch, chat.Range{From: 1, To: head.Seq})
	r.wantNil(err)
	return entries
}

// wantOnce wants a message to be stored once, and returns its number.
func (r *rig) wantOnce(data string) (seq int64) {
	r.t.Helper()
	times := 0
	for _, e := range r.stored() {
		if string(e.Data) == string(quoted(data)) {
			seq = e.Seq
			times++
		}
	}
	if times != 1 {
		r.t.Errorf("%q is stored %d times", data, times)
	}
	return seq
}

// log is a log in memory, on the way to which writes may meet with something.
type log struct {
	chatmemory.Store
	reads atomic.Int64

	mu           sync.Mutex // Guards what follows.
	onWay        []hook
	refusedUntil time.Time
}

// hook happens to one write of a message; write does it.
type hook func(e chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error)

// next lets hooks happen to the next messages, one to each.
func (l *log) next(hooks ...hook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onWay = hooks
}

// Write implements chat.Log.
func (l *log) Write(ctx context.Context, room string, e chat.Entry, idempotency *chat.IdempotencyKey) (chat.Entry, error) {
	write := func() (chat.Entry, error) { return l.Store.Write(ctx, room, e, idempotency) }
	if l.refuses() {
		return chat.Entry{}, fmt.Errorf("%w: throttled", domain.ErrUnavailable)
	}
	if h := l.take(e); h != nil {
		return h(e, write)
	}
	return write()
}

func (l *log) refuses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.refusedUntil)
}

func (l *log) take(e chat.Entry) (h hook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !e.Void && len(l.onWay) > 0 {
		h, l.onWay = l.onWay[0], l.onWay[1:]
	}
	return h
}

// Read implements chat.Log.
func (l *log) Read(ctx context.Context, room, epoch string, r chat.Range) ([]chat.Entry, bool, error) {
	l.reads.Add(1)
	return l.Store.Read(ctx, room, epoch, r)
}

// killed is a writer that dies before it writes.
func killed(chat.Entry, func() (chat.Entry, error)) (chat.Entry, error) {
	return chat.Entry{}, fmt.Errorf("%w: killed", domain.ErrUnavailable)
}

// unheard is a writer that dies after it wrote.
func unheard(e chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
	if _, err := write(); err != nil {
		return chat.Entry{}, err
	}
	return killed(e, write)
}
