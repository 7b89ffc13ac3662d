package chattest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"wsecho/domain/chat"
)

func wantAlreadySent(t *testing.T, call string, err error, messageID string) {
	t.Helper()
	if again, ok := errors.AsType[*chat.AlreadySent](err); !ok || again.Sent.MessageID != messageID {
		t.Errorf("%s: %+v, want that %s was sent already", call, err, messageID)
	}
}

func keyIsFound(t *testing.T, s Store) {
	key := newIdempotencyKey("ada", "k", newEntry("e", 7))
	for range 2 {
		if err := s.Use(t.Context(), *key); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Find(t.Context(), "ada", "k"); got != key.Sent || err != nil {
		t.Errorf("Find = %+v, %v", got, err)
	}
	for _, other := range [][2]string{{"ada", "kk"}, {"bob", "k"}} {
		if got, err := s.Find(t.Context(), other[0], other[1]); !errors.Is(err, chat.ErrUnusedKey) {
			t.Errorf("Find(%v) = %+v, %v", other, got, err)
		}
	}
}

func useOnce(t *testing.T, s Store) {
	first := newEntry("e", 1)
	if err := s.Use(t.Context(), *newIdempotencyKey("ada", "k", first)); err != nil {
		t.Fatal(err)
	}
	wantAlreadySent(t, "Use", s.Use(t.Context(), *newIdempotencyKey("ada", "k", newEntry("e", 2))), first.MessageID)
}

func entryWithKey(t *testing.T, s Store) {
	first := newEntry("e", 1)
	for range 2 {
		if stored := write(t, s, "r", first, newIdempotencyKey("ada", "k", first)); stored.MessageID != first.MessageID {
			t.Fatalf("Write = %+v", stored)
		}
	}
	second := newEntry("e", 2)
	_, err := s.Write(t.Context(), "r", second, newIdempotencyKey("ada", "k", second))
	wantAlreadySent(t, "Write with a used key", err, first.MessageID)
	if got := read(t, s, "r", "e", 1, 10); !slices.Equal(got, []int64{1}) {
		t.Errorf("Read = %v", got)
	}
	taken := newEntry("e", 1)
	if stored := write(t, s, "r", taken, newIdempotencyKey("ada", "other", taken)); stored.MessageID != first.MessageID {
		t.Errorf("Write at a taken position = %+v", stored)
	}
	if got, err := s.Find(t.Context(), "ada", "other"); !errors.Is(err, chat.ErrUnusedKey) {
		t.Errorf("a key without its entry: %+v, %v", got, err)
	}
}

func expiredKey(t *testing.T, s Store) {
	old := newIdempotencyKey("ada", "k", newEntry("e", 1))
	old.ExpiresAt = now().Add(-2 * time.Second)
	if err := s.Use(t.Context(), *old); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Find(t.Context(), "ada", "k"); !errors.Is(err, chat.ErrUnusedKey) {
		t.Errorf("Find = %+v, %v", got, err)
	}
	e := newEntry("e", 2)
	write(t, s, "r", e, newIdempotencyKey("ada", "k", e))
	if got, err := s.Find(t.Context(), "ada", "k"); got.MessageID != e.MessageID || err != nil {
		t.Errorf("Find = %+v, %v", got, err)
	}
}

func keyRaces(t *testing.T, s Store) {
	var mu sync.Mutex
	winners := 0
	together(20, func(i int) {
		e := newEntry("e", int64(i+1))
		_, err := s.Write(t.Context(), "r", e, newIdempotencyKey("ada", "k", e))
		mu.Lock()
		defer mu.Unlock()
		if _, again := errors.AsType[*chat.AlreadySent](err); err != nil && !again {
			t.Error(err)
		}
		if err == nil {
			winners++
		}
	})
	entries, _, err := s.Read(context.WithoutCancel(t.Context()), "r", "e", chat.Range{From: 1, To: 20})
	if err != nil || winners != 1 || len(entries) != 1 {
		t.Errorf("%d of 20 won, %d entries, %v", winners, len(entries), err)
	}
}
