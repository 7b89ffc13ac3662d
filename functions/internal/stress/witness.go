package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// witness is a member that stays in its room, and remembers what it was sent.
type witness struct {
	*member
	room string

	mu     sync.Mutex // Guards what follows.
	lines  map[int64]string
	here   map[string]string // Users by connection, of whom it was told that they joined and not that they left.
	heard  int               // How much it was sent.
	pushed map[string]bool   // The ids of broadcasts and direct messages.
}

// watch lets a witness join a room.
func (r *run) watch(ctx context.Context, room string, number int) (*witness, error) {
	w := &witness{room: room, lines: map[int64]string{}, here: map[string]string{}, pushed: map[string]bool{}}
	var err error
	if w.member, err = r.connect(ctx, fmt.Sprintf("witness-%s-%d-%d", room, number, r.restarts), w.hear); err != nil {
		return nil, err
	}
	return w, w.join(ctx, room)
}

// watchAll lets a witness join each of some rooms.
func (r *run) watchAll(ctx context.Context, rooms int) ([]*witness, error) {
	all, errs := make([]*witness, rooms), make([]error, rooms)
	atOnce(rooms, 10, func(i int) { all[i], errs[i] = r.watch(ctx, r.room(i), 0) })
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("a witness cannot join: %w", err)
		}
	}
	return all, nil
}

func (w *witness) hear(p reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard++
	var connection string
	_ = json.Unmarshal(p.Connection, &connection) // Other messages have an object, or none.
	switch p.Type {
	case "messages":
		for _, l := range p.Messages {
			w.lines[l.Seq] = l.MessageID
		}
	case "joined":
		w.here[connection] = p.User
	case "left":
		delete(w.here, connection)
	case "broadcast", "direct":
		w.pushed[p.MessageID] = true
	}
	if p.Type == "joined" || p.Type == "left" {
		w.run.note(w.room, w.user, "hears that %s %s (%s)", p.User, p.Type, connection)
	}
}

// lacks are those of some ids that it was not sent, and heard is how much it was sent.
func (w *witness) lacks(ids []string) (lacking []string, heard int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return w.pushed[id] }), w.heard
}

// lines from one number to another that it was not sent.
func (w *witness) missing(from, to int64) (numbers []int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for seq := from; seq <= to; seq++ {
		if _, ok := w.lines[seq]; !ok {
			numbers = append(numbers, seq)
		}
	}
	return numbers
}

// others are those of whom it was not told that they left. Nobody tells of a connection that merely expired: a guest's
// whose $disconnect was lost.
func (w *witness) others() (users []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for connection, user := range w.here {
		if !strings.HasPrefix(user, guest) {
			users = append(users, user+" "+connection)
		}
	}
	return users
}

// alone waits until nobody else is a member of the room, and the witness has been told that all have left who joined.
// Where a $disconnect may be lost it speaks meanwhile: whoever is gone is found by what is posted, and reaped. Elsewhere
// it must not, because that would hide whoever stays a member for another reason.
func (w *witness) alone(ctx context.Context) bool {
	n := 0
	return w.run.eventually(ctx, w.room, func() string {
		n++
		if w.run.act.setting.loses() {
			if _, err := w.say(ctx, w.room, fmt.Sprintf("sweep %s %d", w.user, n)); err != nil {
				return fmt.Sprintf("%s cannot speak: %v", w.user, err)
			}
		}
		users, err := w.who(ctx, w.room)
		if err != nil {
			return fmt.Sprintf("%s cannot ask who is there: %v", w.user, err)
		}
		ghosts := slices.DeleteFunc(users, func(user string) bool { return user == w.user })
		if len(ghosts) > 0 {
			_ = pause(ctx, time.Second)
			return fmt.Sprintf("%d ghosts are members of %s: %v", len(ghosts), w.room, ghosts)
		}
		if others := w.others(); len(others) > 0 {
			return fmt.Sprintf("nobody told %s that these left: %v", w.user, others)
		}
		return ""
	})
}

// atOnce calls a function for numbers up to n, some at the same time, and returns when all have returned.
func atOnce(n, some int, f func(int)) {
	var running sync.WaitGroup
	turns := make(chan struct{}, some)
	for i := range n {
		turns <- struct{}{}
		running.Go(func() { f(i); <-turns })
	}
	running.Wait()
}
