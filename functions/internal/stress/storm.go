package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

// grace is how old a connection must be before it is reaped.
const grace = 30 * time.Second

// storm is everything at once.
func (r *run) storm(ctx context.Context) error {
	witnesses, err := r.watchAll(ctx, r.size.rooms)
	if err != nil {
		return err
	}
	speakers, err := r.gather(ctx)
	if err != nil {
		return err
	}
	r.say("%d clients are in %d rooms", len(speakers), len(witnesses))
	var listening sync.WaitGroup
	for _, s := range speakers {
		listening.Go(func() { s.listen(ctx) })
	}
	said := new(ledger)
	witnesses, err = r.rage(ctx, witnesses, speakers, said)
	if err != nil {
		return err
	}
	r.say("%s, %d restarts", r.done(), r.restarts)
	last := time.Now()
	r.checkRooms(ctx, witnesses, speakers, said)
	r.say("the rooms were read whole")
	for _, s := range speakers {
		s.client.Close()
	}
	listening.Wait()
	_ = pause(ctx, time.Until(last.Add(grace))) // Looking earlier finds them and changes nothing.
	return r.leaveNothing(ctx, witnesses)
}

// gather lets all clients connect and join.
func (r *run) gather(ctx context.Context) ([]*speaker, error) {
	all, errs := make([]*speaker, r.size.clients), make([]error, r.size.clients)
	atOnce(len(all), 20, func(i int) { all[i], errs[i] = r.newSpeaker(ctx, i) })
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("a client cannot join: %w", err)
		}
	}
	return all, nil
}

// rage lets it all happen, and returns the witnesses that are there afterwards: others, if the program was restarted.
func (r *run) rage(ctx context.Context, witnesses []*witness, speakers []*speaker, said *ledger) ([]*witness, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var speaking, others, idle sync.WaitGroup
	for _, s := range speakers {
		speaking.Go(func() { s.speak(ctx, r.size.lines, r.size.kicks) })
	}
	others.Go(func() { r.vandals(ctx) })
	others.Go(func() { r.crowd(ctx) })
	others.Go(func() { r.doubles(ctx, said) })
	for i := range r.size.expired {
		others.Go(func() { r.expiring(ctx, i, said) })
	}
	for i := range r.size.deaf {
		idle.Go(func() { r.deaf(ctx, i) })
	}
	idle.Go(func() { r.progress(ctx) })
	defer idle.Wait()
	defer stop()
	if r.size.restart {
		var err error
		if witnesses, err = r.restart(ctx, witnesses); err != nil {
			return nil, err
		}
	}
	r.heralds(ctx, witnesses)
	speaking.Wait()
	others.Wait()
	for _, s := range speakers {
		for seq, text := range s.acked {
			said.add(s.room, seq, text)
		}
	}
	return witnesses, nil
}

// restart kills the program when half of all is said, and starts it again on the same table.
func (r *run) restart(ctx context.Context, witnesses []*witness) ([]*witness, error) {
	half := r.size.clients * r.size.lines / 2
	for r.done().lines < half && len(r.broken()) == 0 {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	r.note("", "stress", "the program is killed")
	r.program.end(syscall.SIGKILL)
	r.checkLog(r.program)
	r.restarts++
	if err := r.launch(ctx); err != nil {
		return nil, err
	}
	r.note("", "stress", "the program is there again")
	r.say("the program was killed and started again after %d lines", half)
	for _, w := range witnesses {
		w.Close()
	}
	return r.watchAll(ctx, r.size.rooms)
}

func (r *run) done() counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// progress tells now and then how far a storm is, and once that it has failed: it goes on to its end.
func (r *run) progress(ctx context.Context) {
	for told := false; pause(ctx, 10*time.Second) == nil; {
		r.say("%s so far", r.done())
		if broken := r.broken(); len(broken) > 0 && !told {
			told = true
			r.say("a promise was not kept, after %s", broken[0])
		}
	}
}

// heralds broadcast, and tell each witness something, while everything else goes on. All of it has to come.
func (r *run) heralds(ctx context.Context, witnesses []*witness) {
	herald, err := r.connect(ctx, "herald", nil)
	if err != nil {
		r.violated("", "the herald cannot connect: %v", err)
		return
	}
	defer herald.hangUp()
	var ids []string
	for i := range 5 {
		ack, err := herald.insist(ctx, "broadcast", map[string]any{"data": i, "key": key(fmt.Sprint("in the storm ", i))})
		if err != nil {
			r.violated("", "a broadcast failed: %v", err)
			return
		}
		r.note("", "herald", "broadcasts %s: %d sent, %d gone, queued %v", ack.MessageID, ack.Sent, ack.Gone, ack.Queued)
		ids = append(ids, ack.MessageID)
	}
	r.wantPushed(ctx, witnesses, ids)
	r.say("all witnesses have the herald's broadcasts")
	atOnce(len(witnesses), 8, func(i int) {
		w := witnesses[i]
		fields := map[string]any{"to": map[string]any{"user": w.user}, "data": "are you there?", "key": key("told " + w.user)}
		ack, err := herald.insist(ctx, "tell", fields)
		if err != nil {
			r.violated(w.room, "%s, who is connected, cannot be told anything: %v", w.user, err)
			return
		}
		r.wantPushed(ctx, witnesses[i:i+1], []string{ack.MessageID})
	})
}

// checkRooms wants each room's log to be whole, and everybody to know it.
func (r *run) checkRooms(ctx context.Context, witnesses []*witness, speakers []*speaker, said *ledger) {
	atOnce(len(witnesses), 8, func(i int) {
		w := witnesses[i]
		if !r.alive(w) {
			return
		}
		var here []*speaker
		for _, s := range speakers {
			if s.room == w.room {
				here = append(here, s)
			}
		}
		if err := r.checkRoom(ctx, w, here, said.of(w.room), i); err != nil {
			r.violated(w.room, "%s cannot read its room: %v", w.user, err)
		}
	})
}

func (r *run) checkRoom(ctx context.Context, w *witness, here []*speaker, said map[int64]string, number int) error {
	chance := r.chance("reading", number)
	whole, err := w.readForward(ctx, chance)
	if err != nil {
		return err
	}
	back, err := w.readBackward(ctx, chance, whole.last)
	if err != nil {
		return err
	}
	if d := difference(whole.texts, back.texts); d != "" {
		r.violated(w.room, "history of %s is another one backwards: %s", w.room, d)
	}
	for seq, text := range said {
		if whole.texts[seq] != text {
			r.violated(w.room, "%q was acknowledged as %d of %s, where %q stands", text, seq, w.room, whole.texts[seq])
		}
	}
	if t := twice(whole.texts); t != "" {
		r.violated(w.room, "in %s %s", w.room, t)
	}
	r.checkClients(ctx, w, here, whole)
	return r.checkWho(ctx, w, here)
}

// checkClients wants all clients of a room to be told the same, which is what history has.
func (r *run) checkClients(ctx context.Context, w *witness, here []*speaker, whole log) {
	for _, s := range here {
		if !r.eventually(ctx, w.room, func() string {
			if d := difference(whole.texts, s.told()); d != "" {
				return fmt.Sprintf("history of %s is not what %s was told: %s", w.room, s.name, d)
			}
			return ""
		}) {
			return
		}
	}
}

// checkWho wants everybody who is connected to be a member of the room.
func (r *run) checkWho(ctx context.Context, w *witness, here []*speaker) error {
	users, err := w.who(ctx, w.room)
	if err != nil {
		return err
	}
	for _, s := range here {
		if !slices.Contains(users, s.name) {
			r.violated(w.room, "%s is connected to %s and no member of it: %v", s.name, w.room, users)
		}
	}
	return nil
}
