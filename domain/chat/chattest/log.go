// Package chattest holds the contracts of chat's ports as test suites, as package domaintest does for the core's.
package chattest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// Store is what keeps the logs of rooms and the keys of senders.
type Store interface {
	chat.Log
	chat.IdempotencyKeys
}

// TestStore runs the contracts of chat.Log and chat.IdempotencyKeys. open returns an empty store; it is called once for every
// test.
func TestStore(t *testing.T, open func(*testing.T) Store) {
	tests := map[string]func(*testing.T, Store){
		"an empty room":                                emptyRoom,
		"numbers are dense and the epoch stays":        numbers,
		"many take numbers at once":                    numbersRace,
		"an entry is read as it was written":           entryIsRead,
		"a position is written once":                   writeOnce,
		"many write the same position":                 writeRaces,
		"ranges":                                       ranges,
		"the next entry, however far away":             nextEntry,
		"more than one answer holds":                   largeEntries,
		"an expired entry is not read":                 expiredEntry,
		"expired entries hide none that live":          expiredEntriesFirst,
		"epochs and rooms are apart":                   epochsApart,
		"a key is found again":                         keyIsFound,
		"a key is used once":                           useOnce,
		"an entry and its key are both stored or none": entryWithKey,
		"a key that has expired is free again":         expiredKey,
		"many use the same key":                        keyRaces,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func newID() string { return rand.Text() }

func now() time.Time { return time.Now().Truncate(time.Millisecond) }

// newEntry returns a message for a position.
func newEntry(epoch string, seq int64) chat.Entry {
	at := now()
	return chat.Entry{
		Epoch: epoch, Seq: seq, MessageID: newID(), From: domain.Origin{User: "ada", Connection: "c1"},
		Data: json.RawMessage(fmt.Sprintf(`{"n":%d,"html":"<b>&"}`, seq)), At: at, ExpiresAt: at.Add(time.Hour).Truncate(time.Second),
	}
}

func newIdempotencyKey(user, key string, e chat.Entry) *chat.IdempotencyKey {
	return &chat.IdempotencyKey{
		User: user, Key: key, ExpiresAt: now().Add(time.Hour),
		Sent: chat.Sent{Hash: "h", MessageID: e.MessageID, Epoch: e.Epoch, Seq: e.Seq},
	}
}

func write(t *testing.T, s Store, room string, e chat.Entry, key *chat.IdempotencyKey) chat.Entry {
	t.Helper()
	stored, err := s.Write(t.Context(), room, e, key)
	if err != nil {
		t.Fatalf("Write(%d): %v", e.Seq, err)
	}
	return stored
}

func read(t *testing.T, s Store, room, epoch string, from, to int64) []int64 {
	t.Helper()
	entries, _, err := s.Read(t.Context(), room, epoch, chat.Range{From: from, To: to})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	var seqs []int64
	for _, e := range entries {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

func emptyRoom(t *testing.T, s Store) {
	if head, err := s.Head(t.Context(), "r"); head != (chat.Head{}) || err != nil {
		t.Errorf("Head = %+v, %v", head, err)
	}
	if got := read(t, s, "r", "", 1, 10); got != nil {
		t.Errorf("Read = %v", got)
	}
}

func numbers(t *testing.T, s Store) {
	epoch := newID()
	for n := int64(1); n <= 3; n++ {
		at := now()
		head, err := s.Advance(t.Context(), "r", epoch, at)
		if err != nil || head.Seq != n || head.Epoch != epoch || !head.At.Equal(at) {
			t.Errorf("Advance = %+v, %v", head, err)
		}
		again, err := s.Head(t.Context(), "r")
		if err != nil || again.Seq != n || again.Epoch != epoch || !again.At.Equal(at) {
			t.Errorf("Head = %+v, %v", again, err)
		}
	}
	if head, _ := s.Advance(t.Context(), "r", newID(), now()); head.Epoch != epoch {
		t.Error("a later Advance changed the epoch")
	}
}

func together(n int, f func(i int)) {
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { f(i) })
	}
	running.Wait()
}

func numbersRace(t *testing.T, s Store) {
	var mu sync.Mutex
	var seqs []int64
	epochs := map[string]bool{}
	together(20, func(int) {
		for range 5 {
			head, err := s.Advance(t.Context(), "r", newID(), now())
			mu.Lock()
			if err != nil {
				t.Error(err)
			}
			seqs, epochs[head.Epoch] = append(seqs, head.Seq), true
			mu.Unlock()
		}
	})
	slices.Sort(seqs)
	for i, seq := range seqs {
		if seq != int64(i+1) {
			t.Fatalf("the numbers are %v", seqs)
		}
	}
	if len(epochs) != 1 {
		t.Errorf("%d epochs", len(epochs))
	}
}

func entryIsRead(t *testing.T, s Store) {
	epoch := newID()
	message := newEntry(epoch, 1)
	void := chat.Entry{Epoch: epoch, Seq: 2, At: message.At, ExpiresAt: message.ExpiresAt, Void: true}
	for _, want := range []chat.Entry{message, void} {
		write(t, s, "r", want, nil)
		got, cut, err := s.Read(t.Context(), "r", epoch, chat.Range{From: want.Seq, To: want.Seq})
		if err != nil || cut || len(got) != 1 || !got[0].At.Equal(want.At) || got[0].ExpiresAt.Unix() != want.ExpiresAt.Unix() {
			t.Fatalf("Read = %+v, %v, %v", got, cut, err)
		}
		got[0].At, got[0].ExpiresAt = want.At, want.ExpiresAt
		if !reflect.DeepEqual(got[0], want) {
			t.Errorf("Read = %+v, want %+v", got[0], want)
		}
	}
}

func writeOnce(t *testing.T, s Store) {
	first, second := newEntry("e", 1), newEntry("e", 1)
	for _, e := range []chat.Entry{first, first, second, {Epoch: "e", Seq: 1, At: now(), ExpiresAt: first.ExpiresAt, Void: true}} {
		if stored := write(t, s, "r", e, nil); stored.MessageID != first.MessageID || string(stored.Data) != string(first.Data) {
			t.Errorf("Write of %+v = %+v", e, stored)
		}
	}
}

func writeRaces(t *testing.T, s Store) {
	var mu sync.Mutex
	winners := map[string]bool{}
	together(20, func(int) {
		stored, err := s.Write(t.Context(), "r", newEntry("e", 1), nil)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		winners[stored.MessageID] = true
	})
	if len(winners) != 1 {
		t.Errorf("%d of 20 won", len(winners))
	}
}

func ranges(t *testing.T, s Store) {
	for _, seq := range []int64{1, 2, 4, 9, 10, 11, 100} {
		write(t, s, "r", newEntry("e", seq), nil)
	}
	for r, want := range map[chat.Range]string{
		{From: 1, To: 100}:                         "[1 2 4 9 10 11 100] false",
		{From: 1, To: 100, Newest: true}:           "[1 2 4 9 10 11 100] false",
		{From: 2, To: 10}:                          "[2 4 9 10] false",
		{From: 5, To: 8}:                           "[] false",
		{From: 4, To: 4}:                           "[4] false",
		{From: 12, To: 1000}:                       "[100] false",
		{From: 1, To: 99, Limit: 2}:                "[1 2] true",
		{From: 1, To: 99, Limit: 2, Newest: true}:  "[10 11] true",
		{From: 1, To: 11, Limit: 50, Newest: true}: "[1 2 4 9 10 11] false",
	} {
		entries, cut, err := s.Read(t.Context(), "r", "e", r)
		seqs := []int64{}
		for _, e := range entries {
			seqs = append(seqs, e.Seq)
		}
		if got := fmt.Sprint(seqs, cut); err != nil || got != want {
			t.Errorf("Read(%+v) = %s, %v; want %s", r, got, err, want)
		}
	}
}

// nextEntry finds what follows a long run of empty places, by which readers date them, past what has expired.
func nextEntry(t *testing.T, s Store) {
	for _, seq := range []int64{1, 90_000, 100_000, 100_001} {
		e := newEntry("e", seq)
		if seq == 90_000 {
			e.ExpiresAt = now().Add(-2 * time.Second)
		}
		write(t, s, "r", e, nil)
	}
	for from, want := range map[int64]int64{1: 1, 2: 100_000, 100_000: 100_000, 100_001: 100_001} {
		entries, _, err := s.Read(t.Context(), "r", "e", chat.Range{From: from, To: 200_000, Limit: 1})
		if err != nil || len(entries) != 1 || entries[0].Seq != want {
			t.Errorf("the next one from %d: %+v, %v; want %d", from, entries, err, want)
		}
	}
}

// largeEntries reads more than a store may return at once: what comes is dense, and at the end that was asked for.
func largeEntries(t *testing.T, s Store) {
	const n = 50
	for seq := range int64(n) {
		e := newEntry("e", seq+1)
		e.Data = json.RawMessage(`"` + strings.Repeat("x", 32000) + `"`)
		write(t, s, "r", e, nil)
	}
	for _, newest := range []bool{false, true} {
		entries, cut, err := s.Read(t.Context(), "r", "e", chat.Range{From: 1, To: n, Newest: newest})
		if err != nil || len(entries) < 10 || cut != (len(entries) < n) {
			t.Fatalf("Read(newest %v) = %d entries, %v, %v", newest, len(entries), cut, err)
		}
		first, last := entries[0].Seq, entries[len(entries)-1].Seq
		if last-first+1 != int64(len(entries)) || newest && last != n || !newest && first != 1 {
			t.Errorf("Read(newest %v) = %d to %d, %d entries", newest, first, last, len(entries))
		}
	}
}

func expiredEntry(t *testing.T, s Store) {
	old := newEntry("e", 1)
	old.ExpiresAt = now().Add(-2 * time.Second)
	write(t, s, "r", old, nil)
	write(t, s, "r", newEntry("e", 2), nil)
	if got := read(t, s, "r", "e", 1, 10); !slices.Equal(got, []int64{2}) {
		t.Errorf("Read = %v", got)
	}
}

// expiredEntriesFirst reads past more expired entries than the limit, and than a store may look at in one go: whoever
// reads takes an answer without entries for the end.
func expiredEntriesFirst(t *testing.T, s Store) {
	const n = 40
	for seq := range int64(n) {
		e := newEntry("e", seq+1)
		e.Data = json.RawMessage(`"` + strings.Repeat("x", 32000) + `"`)
		if e.Seq != 1 && e.Seq != n {
			e.ExpiresAt = now().Add(-2 * time.Second)
		}
		write(t, s, "r", e, nil)
	}
	for r, want := range map[chat.Range]int64{
		{From: 2, To: n}:                               n,
		{From: 2, To: n, Limit: 1}:                     n,
		{From: 1, To: n - 1, Newest: true}:             1,
		{From: 1, To: n - 1, Newest: true, Limit: 1}:   1,
		{From: 1, To: n - 1, Newest: false, Limit: 10}: 1,
	} {
		entries, cut, err := s.Read(t.Context(), "r", "e", r)
		if err != nil || len(entries) != 1 || entries[0].Seq != want {
			t.Errorf("Read(%+v) = %d entries, %v, %v; want %d", r, len(entries), cut, err, want)
		}
	}
}

func epochsApart(t *testing.T, s Store) {
	write(t, s, "r", newEntry("e", 1), nil)
	write(t, s, "r", newEntry("f", 2), nil)
	write(t, s, "rr", newEntry("e", 3), nil)
	if got := read(t, s, "r", "e", 1, 10); !slices.Equal(got, []int64{1}) {
		t.Errorf("Read = %v", got)
	}
}
