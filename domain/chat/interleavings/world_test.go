package interleavings

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// world is everything outside of the functions that run: the rows of the table, what the queue holds, which sockets are
// open, and what clients have seen. All of it is rows with a key. A world is a value: changing it makes another one.
type world struct {
	rows []row // In the order of their keys. Never changed.
	hash uint64
}

type row struct {
	key   string
	value any // Comparable.
	hash  uint64
}

var seed = maphash.MakeSeed()

func hashOf(value any) uint64 { return maphash.Comparable(seed, value) }

func (w world) find(key string) (at int, found bool) {
	return slices.BinarySearchFunc(w.rows, key, func(r row, key string) int { return strings.Compare(r.key, key) })
}

// has tells whether there is a row.
func (w world) has(key string) bool {
	_, found := w.find(key)
	return found
}

// get returns the value of a row; nil if there is none.
func (w world) get(key string) any {
	if at, found := w.find(key); found {
		return w.rows[at].value
	}
	return nil
}

// text returns the value of a row that is a string; empty if there is none.
func (w world) text(key string) string {
	text, _ := w.get(key).(string)
	return text
}

// with is the world after a row was put.
func (w world) with(key string, value any) world {
	r := row{key, value, hashOf([2]any{key, value})}
	at, found := w.find(key)
	if !found {
		rows := make([]row, 0, len(w.rows)+1)
		return world{append(append(append(rows, w.rows[:at]...), r), w.rows[at:]...), w.hash + r.hash}
	}
	next := world{slices.Clone(w.rows), w.hash - w.rows[at].hash + r.hash}
	next.rows[at] = r
	return next
}

// without is the world after a row was deleted, if there was one.
func (w world) without(key string) world {
	at, found := w.find(key)
	if !found {
		return w
	}
	rows := make([]row, 0, len(w.rows))
	return world{append(append(rows, w.rows[:at]...), w.rows[at+1:]...), w.hash - w.rows[at].hash}
}

// under returns the rows whose keys begin with a prefix.
func (w world) under(prefix string) []row {
	from, _ := w.find(prefix)
	to := from
	for to < len(w.rows) && strings.HasPrefix(w.rows[to].key, prefix) {
		to++
	}
	return w.rows[from:to]
}

// String lists the rows.
func (w world) String() string {
	var all strings.Builder
	for _, r := range w.rows {
		fmt.Fprintf(&all, "      %s = %+v\n", r.key, r.value)
	}
	return all.String()
}
