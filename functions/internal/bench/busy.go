package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// pageSize is how many members one worker posts to; larger rooms are split.
	pageSize = 125
	// The members of busy rooms, and the lines a second in each.
	smallRoom, largeRoom = 30, 200
	busyRate             = 20
)

// busySettings are those of the role rooms: rooms that are busy at the same time, and a herald.
type busySettings struct {
	URL        string
	Rooms      []crowd
	Talk, Tail time.Duration
}

// busyFigures are what was observed in all of them.
type busyFigures struct {
	Rooms              []roomFigures
	Broadcasts, Direct []time.Duration // Until the last client had each.
	Lost               int             // Broadcasts and direct messages that somebody didn't have at the end.
}

// busyCrowds are so many rooms. Every tenth is larger than a page.
func busyCrowds(n int) (all []crowd) {
	for i := range n {
		members := smallRoom
		if i%10 == 0 {
			members = largeRoom
		}
		all = append(all, crowd{Members: members, Rate: busyRate})
	}
	return all
}

// busy observes rooms that are busy at the same time, for half the time and for all of it.
func (b *bench) busy(ctx context.Context) (section, error) {
	program := rated(local())
	program.variant = twoWorkers()
	rooms := busyCrowds(b.busyRooms)
	t := table{head: []string{"rooms", "members", "pages", "s of talk", "line p50 ms, worst room", "line p99 ms, worst room", "lines a frame",
		"ms from the end of the talk to the last frame", "lost", "doubled", "slowest broadcast ms", "slowest direct message ms", "of these lost",
		"longest relay queue", "longest other queue", "posts answered 429"}}
	members, pages := sizes(rooms)
	for _, lasts := range []time.Duration{b.talk / 2, b.talk} {
		f, summary, err := b.busyOnce(ctx, program, rooms, lasts)
		if err != nil {
			return section{}, err
		}
		sizes := []string{fmt.Sprint(len(rooms)), fmt.Sprint(members), fmt.Sprint(pages), fmt.Sprint(lasts.Seconds())}
		t.row(append(sizes, f.cells(lasts, summary)...)...)
	}
	return section{
		title: "Busy rooms at the same time",
		about: fmt.Sprintf("%d rooms, every tenth of them of %d members and so larger than a page of %d, the others of %d; in each %d speak, %d lines a second. "+
			"In between somebody broadcasts to all of them, and tells somebody else something, once a second each. "+
			"Two workers are behind each of the two queues, as few as an event source mapping can have. "+
			"The aims: every room's p99 of a line, every broadcast and every direct message within 2 s, and a relay queue whose length depends on the number of rooms and pages, not on how long they talk. "+
			"The other queue was at its longest when the members joined, which is announced.",
			len(rooms), largeRoom, pageSize, smallRoom, maxSpeakers, busyRate),
		commands: []string{program.command(), b.made("-busy-rooms %d -talk %v -tail %v rooms", b.busyRooms, b.talk, b.tail)},
		table:    t,
	}, nil
}

// cells are those of all rooms together.
func (f busyFigures) cells(lasted time.Duration, summary map[string]int) []string {
	var worst roomFigures
	for _, r := range f.Rooms {
		worst.P50, worst.P99, worst.Took = max(worst.P50, r.P50), max(worst.P99, r.P99), max(worst.Took, r.Took)
		worst.Frames, worst.Entries = worst.Frames+r.Frames, worst.Entries+r.Entries
	}
	return []string{
		fmt.Sprintf("%.1f", worst.p50()), fmt.Sprintf("%.1f", worst.p99()), fmt.Sprintf("%.1f", worst.perFrame()),
		fmt.Sprintf("%.0f", milliseconds(max(0, worst.Took-lasted))), total(f.Rooms, roomFigures.lost), total(f.Rooms, roomFigures.doubled),
		longest(f.Broadcasts), longest(f.Direct), fmt.Sprint(f.Lost),
		fmt.Sprint(summary["longest-relay-queue"]), fmt.Sprint(summary["longest-queue"]), fmt.Sprint(summary["throttled"]),
	}
}

// sizes are how many members all rooms have, and how many pages of them.
func sizes(rooms []crowd) (members, pages int) {
	for _, r := range rooms {
		members, pages = members+r.Members, pages+(r.Members+pageSize-1)/pageSize
	}
	return members, pages
}

func longest(all []time.Duration) string {
	var most time.Duration
	for _, d := range all {
		most = max(most, d)
	}
	return fmt.Sprintf("%.1f", milliseconds(most))
}

func (b *bench) busyOnce(ctx context.Context, program contestant, rooms []crowd, lasts time.Duration) (f busyFigures, summary map[string]int, err error) {
	s, err := b.serve(ctx, program)
	if err != nil {
		return f, nil, err
	}
	defer s.stop()
	b.say("%d busy rooms: begins, takes up to %v", len(rooms), lasts+b.tail)
	if _, err = observe(ctx, s, "rooms", busySettings{s.url, rooms, lasts, b.tail}, &f); err != nil {
		return f, nil, err
	}
	summary, err = s.summary()
	for i, r := range f.Rooms {
		b.say("busy room %d of %v: p50 %v, p99 %v, lost %d", i, rooms[i], r.P50.Round(time.Millisecond), r.P99.Round(time.Millisecond), r.Lost)
	}
	b.say("%d broadcasts within %s ms, %d direct messages within %s ms; %v", len(f.Broadcasts), longest(f.Broadcasts), len(f.Direct), longest(f.Direct), summary)
	return f, summary, err
}

// playBusy plays the role rooms.
func playBusy(ctx context.Context, s busySettings, begin func()) (f busyFigures, err error) {
	talks := s.talks()
	members, _ := sizes(s.Rooms)
	h := &herald{interval: time.Second, broadcasts: arrivals{wanted: members + 1}, direct: arrivals{wanted: 1}}
	if err := h.connect(ctx, s.URL); err != nil {
		return f, err
	}
	for _, t := range talks {
		t.heralded = h.broadcasts.note
		if err := t.assemble(ctx); err != nil {
			return f, err
		}
	}
	for _, t := range talks {
		t.waitForQuiet(ctx)
	}
	begin()
	heralded := make(chan error, 1)
	go func() { heralded <- h.run(ctx, s.Talk) }()
	err = together(len(talks), len(talks), func(i int) error { return talks[i].converse(ctx) })
	err = errors.Join(err, <-heralded)
	h.wait(ctx, s.Tail)
	for _, t := range talks {
		f.Rooms = append(f.Rooms, t.end())
	}
	f.Broadcasts, f.Direct, f.Lost = h.broadcasts.took, h.direct.took, h.broadcasts.lacking()+h.direct.lacking()
	return f, errors.Join(err, h.hangUp())
}

// talks are those of all rooms.
func (s busySettings) talks() (all []*talk) {
	for i, c := range s.Rooms {
		all = append(all, newTalk(roomSettings{URL: s.URL, Room: fmt.Sprintf("bench-%d", i), crowd: c, Talk: s.Talk, Tail: s.Tail}))
	}
	return all
}

// arrivals are those of messages that several clients are to get, by their numbers.
type arrivals struct {
	wanted int // Clients that are to get each.

	mu   sync.Mutex // Guards what follows.
	sent map[int]time.Time
	got  map[int]int
	took []time.Duration // Until the last of them had it.
}

// send notes that a message is about to be sent.
func (a *arrivals) send(number int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sent == nil {
		a.sent, a.got = map[int]time.Time{}, map[int]int{}
	}
	a.sent[number] = time.Now()
}

// note takes one.
func (a *arrivals) note(number int, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.got[number]++; a.got[number] == a.wanted {
		a.took = append(a.took, at.Sub(a.sent[number]))
	}
}

// lacking is how many messages somebody doesn't have.
func (a *arrivals) lacking() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.sent) - len(a.took)
}
