package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"wsecho/adapters/client"
)

const (
	// tailTime is how long messages may still come after the last one was said.
	tailTime = 10 * time.Second
	// progressTime is how often the progress is told.
	progressTime = time.Second
)

// counted is what the members of a bench observed.
type counted struct {
	mu            sync.Mutex // Guards what follows.
	members       int
	sent, refused int
	received      int
	doubled       int
	took          []time.Duration // From saying a message until a member had it.
	had           map[[2]int]bool // By member and message.
	acknowledged  map[int]bool
	failure       error
}

// bench has members speak in a room of their own.
func bench(ctx context.Context, s *session, _ []string) error {
	n := &counted{members: s.bench.members, had: map[[2]int]bool{}, acknowledged: map[int]bool{}}
	rooms, leave, err := s.assemble(ctx, "bench-"+rand.Text())
	defer leave()
	if err != nil {
		return err
	}
	listening, deaf := context.WithCancel(context.WithoutCancel(ctx))
	defer deaf()
	var listeners sync.WaitGroup
	for i, room := range rooms {
		listeners.Go(func() { n.listen(listening, i, room) })
	}
	s.converse(ctx, rooms, n)
	n.wait(ctx)
	deaf()
	listeners.Wait()
	n.table(s)
	if ctx.Err() == nil && n.lost() > 0 {
		return errors.Join(fmt.Errorf("%d messages are lost", n.lost()), n.failure)
	}
	return n.failure
}

// assemble connects all members and has them join the room.
func (s *session) assemble(ctx context.Context, name string) (rooms []*client.Room, leave func(), err error) {
	var all []*client.Client
	leave = func() {
		for _, c := range all {
			c.Close()
		}
	}
	for i := range s.bench.members {
		c, err := s.dialAs(ctx, fmt.Sprintf("bench-%d", i))
		if err != nil {
			return nil, leave, fmt.Errorf("member %d: %w", i+1, err)
		}
		all = append(all, c)
		room, err := c.Join(ctx, name)
		if err != nil {
			return nil, leave, fmt.Errorf("member %d: %w", i+1, err)
		}
		rooms = append(rooms, room)
	}
	return rooms, leave, nil
}

// spoken is the data of a message.
type spoken struct {
	Number int       `json:"number"`
	Said   time.Time `json:"said"`
}

// converse has the members speak in turn, and tells the progress meanwhile.
func (s *session) converse(ctx context.Context, rooms []*client.Room, n *counted) {
	saying, cancel := context.WithTimeout(ctx, s.bench.duration+tailTime)
	defer cancel()
	var speakers sync.WaitGroup
	defer speakers.Wait()
	next := time.NewTicker(time.Duration(float64(time.Second) / s.bench.rate))
	defer next.Stop()
	progress := time.NewTicker(progressTime)
	defer progress.Stop()
	end := time.After(s.bench.duration)
	for number := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-end:
			return
		case <-progress.C:
			n.progress(s)
		case now := <-next.C:
			room, message := rooms[number%len(rooms)], spoken{number, now}
			speakers.Go(func() { _, err := room.Say(saying, message); n.said(message.Number, err) })
			number++
		}
	}
}

// said takes the answer to a message.
func (n *counted) said(number int, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.refused, n.failure = n.refused+1, err
		return
	}
	n.sent++
	n.acknowledged[number] = true
}

// listen counts what a member gets, until ctx ends.
func (n *counted) listen(ctx context.Context, member int, room *client.Room) {
	for m, err := range room.Messages(ctx) {
		var what spoken
		if err != nil || json.Unmarshal(m.Data, &what) != nil {
			return
		}
		n.note(member, what.Number, time.Since(what.Said))
	}
}

func (n *counted) note(member, number int, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.had[[2]int{member, number}] {
		n.doubled++
		return
	}
	n.had[[2]int{member, number}] = true
	n.received++
	n.took = append(n.took, took)
}

// lost counts acknowledged messages that members lack, each for each of them.
func (n *counted) lost() (lost int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for number := range n.acknowledged {
		for member := range n.members {
			if !n.had[[2]int{member, number}] {
				lost++
			}
		}
	}
	return lost
}

// wait returns when all members have everything, or the time for that is over.
func (n *counted) wait(ctx context.Context) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.After(tailTime); n.lost() > 0; {
		select {
		case <-look.C:
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (n *counted) progress(s *session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintf(s.log, "sent %d, received %d\n", n.sent, n.received)
}

// table writes what was measured.
func (n *counted) table(s *session) {
	lost := n.lost()
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.Sort(n.took)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "members\t%d\nsent\t%d\nrefused\t%d\nreceived\t%d\nlost\t%d\ndoubled\t%d\n", n.members, n.sent, n.refused, n.received, lost, n.doubled)
	for _, q := range []struct {
		name string
		of   float64
	}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}} {
		fmt.Fprintf(w, "delivery %s\t%v\n", q.name, quantile(n.took, q.of).Round(10*time.Microsecond))
	}
}

// quantile is that of sorted times; 0 if there are none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
