package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// ledger is what was acknowledged: texts by room and number.
type ledger struct {
	mu    sync.Mutex // Guards rooms.
	rooms map[string]map[int64]string
}

func (l *ledger) add(room string, seq int64, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rooms == nil {
		l.rooms = map[string]map[int64]string{}
	}
	if l.rooms[room] == nil {
		l.rooms[room] = map[int64]string{}
	}
	l.rooms[room][seq] = text
}

// of is what was acknowledged in a room.
func (l *ledger) of(room string) map[int64]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.rooms[room])
}

// log is a room's whole log: texts by number, without the voids, which take a number too.
type log struct {
	last  int64
	texts map[int64]string
}

// readForward reads a room's history from its beginning to its end, in pages of any size, which must be dense.
func (w *witness) readForward(ctx context.Context, chance *rand.Rand) (log, error) {
	l := log{texts: map[int64]string{}}
	for {
		page, err := w.insist(ctx, "history", map[string]any{"room": w.room, "after": l.last, "limit": 1 + chance.IntN(100)})
		if err != nil {
			return l, err
		}
		for _, m := range page.Messages {
			if m.Seq != l.last+1 {
				w.run.violated(w.room, "history of %s has %d after %d", w.room, m.Seq, l.last)
				return l, nil
			}
			l.add(m)
		}
		if !page.More {
			return l, nil
		}
		if err := pause(ctx, 0); err != nil {
			return l, err
		}
	}
}

// readBackward is readForward from the end to the beginning.
func (w *witness) readBackward(ctx context.Context, chance *rand.Rand, last int64) (log, error) {
	l, next := log{texts: map[int64]string{}}, last+1
	for next > 1 {
		page, err := w.insist(ctx, "history", map[string]any{"room": w.room, "before": next, "limit": 1 + chance.IntN(100)})
		if err != nil {
			return l, err
		}
		for _, m := range slices.Backward(page.Messages) {
			if m.Seq != next-1 {
				w.run.violated(w.room, "history of %s, read backwards, has %d before %d", w.room, m.Seq, next)
				return l, nil
			}
			l.add(m)
			next--
		}
		if page.More != (next > 1) {
			w.run.violated(w.room, "history of %s, read backwards to %d, says that there is more before: %v", w.room, next, page.More)
			return l, nil
		}
		if len(page.Messages) == 0 {
			w.run.violated(w.room, "history of %s has nothing before %d", w.room, next)
			return l, nil
		}
	}
	return l, nil
}

func (l *log) add(m line) {
	l.last = max(l.last, m.Seq)
	if !m.Void {
		l.texts[m.Seq] = unquoted(m.Data)
	}
}

// difference tells in what two logs differ; empty if in nothing.
func difference(one, other map[int64]string) string {
	for _, seq := range slices.Sorted(maps.Keys(one)) {
		if text, ok := other[seq]; !ok || text != one[seq] {
			return fmt.Sprintf("%d is %q on the one side, %q on the other (%d and %d in all)", seq, one[seq], text, len(one), len(other))
		}
	}
	if len(one) < len(other) {
		return difference(other, one)
	}
	return ""
}

// twice is a text that a log has twice; empty if there is none.
func twice(texts map[int64]string) string {
	seen := map[string]int64{}
	for _, seq := range slices.Sorted(maps.Keys(texts)) {
		if before, ok := seen[texts[seq]]; ok {
			return fmt.Sprintf("%q is said at %d and at %d", texts[seq], before, seq)
		}
		seen[texts[seq]] = seq
	}
	return ""
}
