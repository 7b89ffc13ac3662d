package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"
)

const (
	// patience is how late a push may be before it counts as lost; up to as much again is added at random.
	patience = time.Second
	// maxPatience is up to where the pauses grow between two questions for a message that is not there yet.
	maxPatience = 30 * time.Second
	// ownPatience is how long the answers to what this client says may take, which are the only copies it gets.
	ownPatience = 10 * time.Second
)

// Messages are those of the room, as they come. It ends with an error: that of ctx, or why the client is not in the room
// any more. Ranging again goes on with the next message. Who reads slowly costs no memory beyond some hundred messages:
// what does not fit is read from history when its turn comes.
func (r *Room) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := r.Next(ctx)
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// Next waits for the next message of the room. It fails as Messages ends.
func (r *Room) Next(ctx context.Context) (m Message, err error) {
	c := r.client
	for ctx.Err() == nil {
		var got bool
		_, err := c.until(ctx, 0, func() (bool, error) {
			if m, got = r.sequence.pop(); got {
				m.Room, m.Own = r.name, c.mine[m.From.Connection]
				return true, nil
			}
			return r.sequence.missing(), r.err
		})
		if got || err != nil {
			return m, err
		}
		if err := r.repair(ctx); err != nil {
			return m, err
		}
	}
	return m, ctx.Err()
}

// repair waits for the next message, which is missing, and fetches it if it does not come.
func (r *Room) repair(ctx context.Context) error {
	if err := r.beforeItIsLost(ctx); err != nil {
		return err
	}
	c := r.client
	c.mu.Lock()
	missing, before := r.sequence.missing(), r.sequence.next
	if !missing {
		r.patience = patience
	}
	c.mu.Unlock()
	if !missing {
		return nil
	}
	err := r.mend(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.sequence.missing() && r.sequence.next == before {
		r.patience = min(2*r.patience, maxPatience)
	} else {
		r.patience = patience
	}
	if e, ok := errors.AsType[*Error](err); ok && (e.Retryable || e.Code == "internal") {
		return nil // It is asked for again.
	}
	return err
}

// beforeItIsLost waits while what is missing may be late, or be what this client is saying.
func (r *Room) beforeItIsLost(ctx context.Context) error {
	c := r.client
	c.mu.Lock()
	wait := r.patience
	c.mu.Unlock()
	settled := func() (bool, error) {
		return !r.sequence.missing() || r.sequence.gone() && wait == patience, r.err // After a failure it is waited for, too.
	}
	here, err := c.until(ctx, jitter(wait, 2*wait), settled)
	if here || err != nil {
		return err
	}
	c.mu.Lock()
	last := r.lastSaid
	c.mu.Unlock()
	_, err = c.until(ctx, ownPatience, func() (bool, error) {
		here, err := settled()
		return here || !r.stillSaying(last), err
	})
	return err
}

// cut goes on behind what cannot be had any more, which a refusal of history tells.
func (r *Room) cut(refusal error) error {
	e, _ := errors.AsType[*Error](refusal)
	var newest page
	if err := json.Unmarshal(e.Details, &newest); err != nil {
		return refusal
	}
	r.client.learn(r.name, func(s *sequence) bool { s.refused(newest); return false })
	return nil
}

// says notes that something is being said, and returns its number, which said takes when it has its place or never will.
func (r *Room) says() int {
	r.client.mu.Lock()
	defer r.client.mu.Unlock()
	r.lastSaid++
	r.saying[r.lastSaid] = true
	return r.lastSaid
}

func (r *Room) said(number int) {
	r.client.mu.Lock()
	defer r.client.mu.Unlock()
	delete(r.saying, number)
	r.client.changed.fire()
}

// stillSaying tells whether something up to a number has no place yet. client.mu is held.
func (r *Room) stillSaying(last int) bool {
	for number := range r.saying {
		if number <= last {
			return true
		}
	}
	return false
}
