package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// crowd is the size of a room and how much is said in it.
type crowd struct {
	Members int
	Rate    int // Lines a second.
	// Table tells that the program keeps everything in DynamoDB Local, not in memory.
	Table bool
}

// onTable marks such a crowd.
const onTable = "@dynamodb"

// String is the crowd as parseCrowd reads it.
func (c crowd) String() string {
	text := fmt.Sprintf("%dx%d", c.Members, c.Rate)
	if c.Table {
		text += onTable
	}
	return text
}

// parseCrowd reads a crowd such as 200x20, or 200x20@dynamodb.
func parseCrowd(text string) (c crowd, err error) {
	members, rate, _ := strings.Cut(text, "x")
	rate, c.Table = strings.CutSuffix(rate, onTable)
	if c.Members, err = number(members); err == nil {
		c.Rate, err = number(rate)
	}
	if err != nil {
		err = fmt.Errorf("%q is nothing like 200x20 or 200x20%s, members x lines a second: %w", text, onTable, err)
	}
	return c, err
}

const (
	// maxSpeakers is how many members speak, all in smaller rooms.
	maxSpeakers = 20
	// postRate is how many posts a second the program makes, and the gateway takes.
	postRate = 8000
	// roomRounds is how often a room is compared at most.
	roomRounds = 3
)

// rated is a contestant that may make as many posts as the gateway takes.
func rated(c contestant) contestant {
	rate := strconv.Itoa(postRate)
	c.flags = append(c.flags, "-post-rate", rate, "-callback-rate", rate, "-messages-per-minute", "0")
	return c
}

// roomSettings are those of the role room.
type roomSettings struct {
	URL, Room string
	crowd
	Talk, Tail time.Duration
	Deaf       bool // The last member does not read.
}

// room observes rooms under load, each beside the way of one post for every line and member where that ends.
func (b *bench) room(ctx context.Context) (section, error) {
	relay, alone := rated(local()), rated(local())
	relay.name, alone.name, alone.variant = "relay", "one post a line", onePost()
	var plots []plot
	t := table{head: append([]string{"members x lines/s", "way", "aim: line p99", "relay ÷ one post a line: line p99"}, roomHead...)}
	for _, c := range b.rooms {
		all, rounds := b.ways(c, relay, alone)
		figures, err := alternate(rounds, all, func(way contestant) (roomFigures, error) {
			return b.roomOnce(ctx, way, roomSettings{crowd: c, Talk: b.talk, Tail: b.tail})
		})
		if err != nil {
			return section{}, err
		}
		plots = append(plots, plot{"room " + c.String(), fmt.Sprintf("Room of %d, %d lines/s: p99 of a line, ms", c.Members, c.Rate), bars(all, figures, roomFigures.p99)})
		for i, way := range all {
			compared := ratio(figures[0], figures[i], roomFigures.p99).unless(i == 0)
			t.row(append([]string{c.String(), way.name, aims[c].unless(i != 0), compared}, roomCells(figures[i])...)...)
		}
	}
	return section{
		title: "A room under load",
		about: fmt.Sprintf("All members are connected, up to %d of them speak in turn for %v, each line at its time whatever became of those before. "+
			"The relay pushes a room's log, many lines in one frame if it is busy; beside it, in the same run, is the program with a post for every line and member, "+
			"as it was before, where it is done before the time is over. "+
			"Line: from the time when it is to be sent until another member has it; ack: until its sender has the answer. "+
			"Where a post for every line keeps up with %d posts a second, figures are the medians of %d rounds by turns, and counts their sums; else it is one run. "+
			"After the talk, %v are waited at most for what is still to come: lost is what a member doesn't have then, and would have to read in the room's history; doubled is what it has twice after dropping by epoch and seq. "+
			"The gateway answers 429 above %d posts a second, or if a client does not read. %s: everything is kept in DynamoDB Local, a server for tests, which is the slowest of all here.",
			maxSpeakers, b.talk, postRate, min(b.rounds, roomRounds), b.tail, postRate, onTable[1:]),
		commands: append(commands([]contestant{relay, alone}),
			b.made("-rooms %s -rounds %d -talk %v -tail %v room", list(b.rooms), b.rounds, b.talk, b.tail)),
		table: t,
		plots: plots,
	}, nil
}

// aim is what a room's p99 of a line is to be at most.
type aim string

func (a aim) unless(not bool) string {
	if not {
		return ""
	}
	return string(a)
}

// aims are those for rooms that have one.
var aims = map[crowd]aim{
	{Members: 50, Rate: 10}: "1.3 × one post a line", {Members: 200, Rate: 20}: "1.3 × one post a line",
	{Members: 200, Rate: 100}: "250 ms", {Members: 1000, Rate: 20}: "500 ms", {Members: 1000, Rate: 100}: "500 ms",
}

// ways are what is compared in a crowd, and in how many rounds: the way of one post a line only where it is done in
// time, and more than once only where it keeps up.
func (b *bench) ways(c crowd, relay, alone contestant) (all []contestant, rounds int) {
	perSecond := float64(c.Members * c.Rate)
	switch {
	case perSecond <= postRate:
		return []contestant{relay, alone}, min(b.rounds, roomRounds)
	case perSecond*b.talk.Seconds()/postRate <= (b.talk + b.tail).Seconds():
		return []contestant{relay, alone}, 1
	}
	return []contestant{relay}, 1
}

// roomOnce observes a room on a program that is started for it.
func (b *bench) roomOnce(ctx context.Context, program contestant, settings roomSettings) (f roomFigures, err error) {
	if settings.Table {
		table, url, err := b.dynamodb(ctx)
		if err != nil {
			return f, err
		}
		defer table.stop()
		program.flags = append(program.flags[:len(program.flags):len(program.flags)], "-dynamodb", url)
	}
	s, err := b.serve(ctx, program)
	if err != nil {
		return f, err
	}
	defer s.stop()
	b.say("room %v, %s, one does not read: %v: begins, takes up to %v", settings.crowd, program.name, settings.Deaf, b.talk+b.tail)
	settings.URL, settings.Room = s.url, "bench"
	if f.Processor, err = observe(ctx, s, "room", settings, &f); err != nil {
		return f, err
	}
	summary, err := s.summary()
	f.Throttled, f.Unanswered = summary["throttled"], summary["unanswered"]
	b.say("room %v, %s: p50 %v, p99 %v, lost %d, throttled %d, unanswered %d", settings.crowd, program.name,
		f.P50.Round(time.Millisecond), f.P99.Round(time.Millisecond), f.Lost, f.Throttled, f.Unanswered)
	return f, err
}
