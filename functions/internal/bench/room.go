package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// crowd is the size of a room and how much is said in it.
type crowd struct {
	Members int
	Rate    int // Lines a second.
}

// String is the crowd as parseCrowd reads it.
func (c crowd) String() string { return fmt.Sprintf("%dx%d", c.Members, c.Rate) }

// parseCrowd reads a crowd such as 200x20.
func parseCrowd(text string) (c crowd, err error) {
	members, rate, _ := strings.Cut(text, "x")
	if c.Members, err = number(members); err == nil {
		c.Rate, err = number(rate)
	}
	if err != nil {
		err = fmt.Errorf("%q is nothing like 200x20, members x lines a second: %w", text, err)
	}
	return c, err
}

// maxSpeakers is how many members speak, all in smaller rooms.
const maxSpeakers = 20

// roomSettings are those of the role room.
type roomSettings struct {
	URL string
	crowd
	Talk, Tail time.Duration
}

// roomFigures are what was observed in a room.
type roomFigures struct {
	Lines    int // Said.
	Frames   int // Received by all members, with lines in them.
	Entries  int // Lines in these frames.
	Took     time.Duration
	P50, P99 time.Duration // From when a line was due until a member has it.

	AckP50, AckP99 time.Duration

	Acked   int // Lines.
	Errors  int // Received by anybody.
	Lost    int // Acknowledged lines that a member didn't have at the end, counted for each member.
	Doubled int // Lines that a member has at two numbers.
	Dropped int // Entries that a member dropped because it knew their number.

	Processor time.Duration // The server's.
}

// room observes rooms under load.
func (b *bench) room(ctx context.Context) (section, error) {
	program := local("-post-rate", "8000", "-callback-rate", "8000", "-messages-per-minute", "0")
	t := table{head: []string{"members x lines/s", "line p50 ms", "line p99 ms", "lines a frame", "posts/s", "ack p50 ms", "ack p99 ms",
		"said", "acknowledged", "errors", "lost", "doubled", "dropped by seq", "server's processor µs a line and member"}}
	for _, c := range b.rooms {
		f, err := b.roomOnce(ctx, program, c)
		if err != nil {
			return section{}, err
		}
		t.row(append([]string{c.String()}, f.cells()...)...)
	}
	return section{
		title: "A room under load",
		about: fmt.Sprintf("All members are connected, up to %d of them speak in turn for %v, each line at its time whatever became of those before. "+
			"Line: from the time when it is to be sent until another member has it; ack: until its sender has the answer. "+
			"One run each. After the talk, %v are waited at most for what is still to come: lost is what a member doesn't have then, doubled what it has at two numbers.",
			maxSpeakers, b.talk, b.tail),
		commands: []string{program.command(), made("-rooms %s -talk %v -tail %v room", list(b.rooms), b.talk, b.tail)},
		table:    t,
	}, nil
}

func (f roomFigures) cells() (cells []string) {
	for _, d := range []time.Duration{f.P50, f.P99} {
		cells = append(cells, fmt.Sprintf("%.1f", milliseconds(d)))
	}
	cells = append(cells, fmt.Sprintf("%.1f", float64(f.Entries)/float64(max(f.Frames, 1))), fmt.Sprintf("%.0f", float64(f.Frames)/f.Took.Seconds()))
	for _, d := range []time.Duration{f.AckP50, f.AckP99} {
		cells = append(cells, fmt.Sprintf("%.1f", milliseconds(d)))
	}
	for _, n := range []int{f.Lines, f.Acked, f.Errors, f.Lost, f.Doubled, f.Dropped} {
		cells = append(cells, fmt.Sprint(n))
	}
	return append(cells, fmt.Sprintf("%.1f", microseconds(f.Processor)/float64(max(f.Entries, 1))))
}

func (b *bench) roomOnce(ctx context.Context, program contestant, c crowd) (f roomFigures, err error) {
	s, err := b.serve(ctx, program)
	if err != nil {
		return f, err
	}
	defer s.stop()
	b.say("room %v: begins, takes up to %v", c, b.talk+b.tail)
	f.Processor, err = observe(ctx, s, "room", roomSettings{s.url, c, b.talk, b.tail}, &f)
	if err == nil {
		b.say("room %v: p50 %v, p99 %v, lost %d", c, f.P50.Round(time.Millisecond), f.P99.Round(time.Millisecond), f.Lost)
	}
	return f, err
}
