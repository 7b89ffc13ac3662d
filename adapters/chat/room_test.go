package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"wsecho/adapters/dynamodb"
	"wsecho/adapters/dynamodb/dynamodblocal"
	"wsecho/domain"
	"wsecho/domain/chat"
	"wsecho/domain/domaintest"
)

const (
	lobby = "lobby"
	key   = "0123456789abcdef"
)

// chatOver is chat over a store, with clients that nobody hears of.
func chatOver(s store) *chat.Chat {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	fanOut := &domain.FanOut{
		Registry: s, Sender: deaf{}, Queue: new(pushes), Closer: s.closer(), Limiter: domain.NewLimiter(1e6), Concurrency: 4,
		Random: func() float64 { return 0.5 },
	}
	return &chat.Chat{
		Registry: s, Memberships: s, Log: s.log, IdempotencyKeys: s.log, Policy: domain.ByGrants{}, FanOut: fanOut,
		Relay: &chat.Relay{
			Log: s.log, Relays: s.log, FanOut: fanOut, HandOns: unworked{}, NewID: newID, HistoryDays: 1, Logger: logger,
		},
		NewID: newID, HistoryDays: 1,
	}
}

// unworked is a queue that nobody works on.
type unworked struct{}

// HandOn implements chat.HandOns.
func (unworked) HandOn(context.Context, chat.HandOn) error { return nil }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// deaf takes every post.
type deaf struct{}

// Send implements domain.Sender.
func (deaf) Send(context.Context, string, []byte) error { return nil }

// pushes is a queue that keeps what it gets.
type pushes struct {
	mu     sync.Mutex // Guards what follows.
	queued []domain.Delivery
}

// Enqueue implements domain.Queue.
func (p *pushes) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queued = append(p.queued, ds...)
	return nil
}

// DeadLetter implements domain.Queue.
func (p *pushes) DeadLetter(context.Context, domain.Delivery, string) error { return nil }

// connected connects somebody.
func connected(t testing.TB, s store, user string) domain.Caller {
	t.Helper()
	c := domaintest.NewConnection(user)
	if err := s.Connect(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return domain.Caller{Connection: c, Grants: domain.AllGrants}
}

// inLobby connects somebody who is in the lobby.
func inLobby(t testing.TB, s store, user string) domain.Caller {
	t.Helper()
	who := connected(t, s, user)
	if _, err := s.Enter(t.Context(), who.Connection, chat.Audience(lobby), chat.MaxRooms); err != nil {
		t.Fatal(err)
	}
	return who
}

// entries are what stands in the lobby's log.
func entries(t *testing.T, s store) []chat.Entry {
	t.Helper()
	head, err := s.log.Head(t.Context(), lobby)
	wantNil(t, err)
	all, cut, err := s.log.Read(t.Context(), lobby, head.Epoch, chat.Range{From: 1, To: head.Seq})
	wantNil(t, err)
	if cut {
		t.Fatal("the log is too long for this test")
	}
	return all
}

// count tells how often a text was stored.
func count(all []chat.Entry, data string) (n int) {
	for _, e := range all {
		if string(e.Data) == data {
			n++
		}
	}
	return n
}

// TestWhatChatCosts counts the write units of messages up to a kilobyte.
func TestWhatChatCosts(t *testing.T) {
	table, counted := dynamodblocal.NewMeteredTable(t)
	s := newStore(table)
	uc := chatOver(s)
	limited := *uc
	limited.Limit = domain.RateLimit{Quotas: dynamodb.Quotas{Table: s.Registry.Table}, PerMinute: 10}
	ada := connected(t, s, "ada")
	counted.Take()
	data := json.RawMessage(strconv.Quote(strings.Repeat("x", 600)))
	for _, step := range []struct {
		name string
		do   func() error
		want float64
	}{
		{"join", func() error { _, err := uc.Join(t.Context(), ada, lobby, nil); return err }, 4},
		{"join again", func() error { _, err := uc.Join(t.Context(), ada, lobby, nil); return err }, 0},
		{"say", func() error { _, err := uc.Say(t.Context(), ada, lobby, data, ""); return err }, 4},
		{"say with a key", func() error { _, err := uc.Say(t.Context(), ada, lobby, data, key); return err }, 7},
		{"say it again", func() error { _, err := uc.Say(t.Context(), ada, lobby, data, key); return err }, 0},
		{"say where that is limited", func() error { _, err := limited.Say(t.Context(), ada, lobby, data, ""); return err }, 5},
		{"say with a key where that is limited", func() error {
			_, err := limited.Say(t.Context(), ada, lobby, data, key+"limited")
			return err
		}, 8},
		{"tell with a key", func() error {
			_, err := uc.Tell(t.Context(), ada, chat.Recipient{User: "ada"}, data, "another key of ada")
			return err
		}, 1},
		{"history", func() error {
			_, err := uc.History(t.Context(), ada, lobby, chat.PageRequest{Limit: 100})
			return err
		}, 0},
		{"history where that is limited", func() error {
			_, err := limited.History(t.Context(), ada, lobby, chat.PageRequest{Limit: 100})
			return err
		}, 1},
		{"somebody else relays", func() error {
			head, took := s.log.Advance(t.Context(), lobby, newID(), time.Now())
			_, err := s.log.Acquire(t.Context(), lobby, "other", head.Seq, time.Now(), time.Now().Add(time.Hour))
			return errors.Join(took, err)
		}, 2},
		{"say in a busy room", func() error { _, err := uc.Say(t.Context(), ada, lobby, data, ""); return err }, 2},
		{"say in a busy room with a key", func() error { _, err := uc.Say(t.Context(), ada, lobby, data, key+"busy"); return err }, 5},
		{"say it again", func() error { _, err := uc.Say(t.Context(), ada, lobby, data, key+"busy"); return err }, 0},
		{"leave", func() error { _, err := uc.Leave(t.Context(), ada, lobby); return err }, 4},
		{"two rooms", func() error {
			_, one := uc.Join(t.Context(), ada, "one", nil)
			_, two := uc.Join(t.Context(), ada, "two", nil)
			return errors.Join(one, two)
		}, 8},
		{"disconnect of a user in two rooms", func() error { return s.closer().Close(t.Context(), ada.ID) }, 4},
	} {
		wantNil(t, step.do())
		if got := counted.Take(); got.Writes != step.want {
			t.Errorf("%s cost %g write units, want %g", step.name, got.Writes, step.want)
		}
	}
}
