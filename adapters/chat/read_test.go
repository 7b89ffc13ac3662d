package chat_test

import (
	"encoding/json"
	"testing"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// talked fills the lobby with numbers that were taken a minute ago, of which those of holes were not used.
func talked(t *testing.T, s store, n int64, holes ...int64) {
	t.Helper()
	empty := map[int64]bool{}
	for _, seq := range holes {
		empty[seq] = true
	}
	for range n {
		at := time.Now().Truncate(time.Millisecond).Add(-time.Minute)
		head, err := s.log.Advance(t.Context(), lobby, newID(), at)
		wantNil(t, err)
		if empty[head.Seq] {
			continue
		}
		_, err = s.log.Write(t.Context(), lobby, chat.Entry{
			Epoch: head.Epoch, Seq: head.Seq, MessageID: newID(), From: domain.Origin{User: "ada", Connection: "c"},
			Data: json.RawMessage(`1`), At: at, ExpiresAt: at.Add(time.Hour),
		}, nil)
		wantNil(t, err)
	}
	_, err := s.log.Advance(t.Context(), lobby, "", time.Now()) // Somebody is talking.
	wantNil(t, err)
}

// TestWhatReadingCosts counts the requests of a page: its member, the head, the entries; and where its last places are
// empty one for what follows them, and one for each void.
func TestWhatReadingCosts(t *testing.T) {
	t.Parallel()
	s, w := wired(t)
	uc, ada := chatOver(s), inLobby(t, s, "ada")
	talked(t, s, 60, 10, 28, 29, 30, 41)
	seq := func(n int64) *int64 { return &n }
	for _, test := range []struct {
		name     string
		at       chat.PageRequest
		n        int
		requests int
	}{
		{"no hole", chat.PageRequest{After: seq(50), Limit: 5}, 5, 3},
		{"a hole between messages", chat.PageRequest{After: seq(5), Limit: 10}, 10, 4},
		{"a hole at the beginning", chat.PageRequest{After: seq(40), Limit: 5}, 5, 4},
		{"three holes at the end", chat.PageRequest{After: seq(20), Limit: 10}, 10, 7},
		{"the same, filled", chat.PageRequest{After: seq(20), Limit: 10}, 10, 3},
		{"up to a message that is being written", chat.PageRequest{After: seq(50), Limit: 100}, 10, 3},
		{"backwards", chat.PageRequest{Before: seq(31), Limit: 10}, 10, 3},
		{"the newest", chat.PageRequest{Limit: 10}, 9, 3},
	} {
		w.Inject(nil)
		page, err := uc.History(t.Context(), ada, lobby, test.at)
		wantNil(t, err)
		if len(page.Messages) != test.n || w.Count() != test.requests {
			t.Errorf("%s: %d messages in %d requests, want %d in %d", test.name, len(page.Messages), w.Count(), test.n, test.requests)
		}
	}
}
