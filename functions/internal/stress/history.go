package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxEvents is how many events are kept.
const maxEvents = 500_000

// shown is how many events before a failure are printed of its room.
const shown = 40

// event is something that happened, as a client saw it.
type event struct {
	at          time.Duration
	room, actor string
	text        string
}

// record keeps what happened, to be told with a failure.
type record struct {
	began time.Time

	mu         sync.Mutex // Guards what follows.
	events     []event
	violations []string
}

// note notes an event of a room; those of no room concern all.
func (r *record) note(room, actor, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) >= maxEvents {
		r.events = append(r.events[:0], r.events[maxEvents/2:]...)
	}
	r.events = append(r.events, event{time.Since(r.began), room, actor, fmt.Sprintf(format, args...)})
}

// maxViolations is how many are told: one bug violates much.
const maxViolations = 10

// violated notes that something that is promised was not kept, with the history around it: the last events of the room
// and those that concern all; of no room, the last events of all.
func (r *record) violated(room, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.violations) >= maxViolations {
		return
	}
	text := fmt.Sprintf(format, args...)
	r.violations = append(r.violations, fmt.Sprintf("%.1f s: %s\n%s", time.Since(r.began).Seconds(), text, r.around(room)))
}

// around is what happened last in a room. r.mu is held.
func (r *record) around(room string) string {
	var lines []string
	for i := len(r.events) - 1; i >= 0 && len(lines) < shown; i-- {
		if e := r.events[i]; e.room == room || e.room == "" || room == "" {
			lines = append(lines, fmt.Sprintf("    %9.3f s  %-12s %-20s %s", e.at.Seconds(), e.room, e.actor, e.text))
		}
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// broken returns what was violated.
func (r *record) broken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.violations...)
}
