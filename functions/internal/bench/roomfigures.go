package main

import (
	"fmt"
	"time"
)

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
	Doubled int // Lines that a member has at two places.
	Dropped int // Entries that a member dropped because it knew their place.

	Throttled  int // Posts that the gateway answered 429, whatever they were for.
	Unanswered int // Posts that took too long.

	Processor time.Duration // The server's.
}

func (f roomFigures) p50() float64      { return milliseconds(f.P50) }
func (f roomFigures) p99() float64      { return milliseconds(f.P99) }
func (f roomFigures) ackP50() float64   { return milliseconds(f.AckP50) }
func (f roomFigures) ackP99() float64   { return milliseconds(f.AckP99) }
func (f roomFigures) perFrame() float64 { return float64(f.Entries) / float64(max(f.Frames, 1)) }
func (f roomFigures) posts() float64    { return float64(f.Frames) / f.Took.Seconds() }
func (f roomFigures) processor() float64 {
	return microseconds(f.Processor) / float64(max(f.Entries, 1))
}

func (f roomFigures) lines() int      { return f.Lines }
func (f roomFigures) acked() int      { return f.Acked }
func (f roomFigures) errors() int     { return f.Errors }
func (f roomFigures) lost() int       { return f.Lost }
func (f roomFigures) doubled() int    { return f.Doubled }
func (f roomFigures) dropped() int    { return f.Dropped }
func (f roomFigures) throttled() int  { return f.Throttled }
func (f roomFigures) unanswered() int { return f.Unanswered }

// roomHead names the cells of roomCells.
var roomHead = []string{"line p50 ms", "line p99 ms", "lines a frame", "posts/s", "ack p50 ms", "ack p99 ms", "said", "acknowledged", "errors",
	"lost", "doubled", "dropped by epoch and seq", "posts answered 429", "posts without an answer in time", "server's processor µs a line and member"}

// roomCells are the medians of what was measured in some rounds, and the sums of what was counted.
func roomCells(rounds []roomFigures) (cells []string) {
	for _, figure := range []struct {
		of   func(roomFigures) float64
		verb string
	}{
		{roomFigures.p50, "%.1f"}, {roomFigures.p99, "%.1f"}, {roomFigures.perFrame, "%.1f"}, {roomFigures.posts, "%.0f"},
		{roomFigures.ackP50, "%.1f"}, {roomFigures.ackP99, "%.1f"},
	} {
		cells = append(cells, middle(rounds, figure.of).format(figure.verb))
	}
	for _, count := range []func(roomFigures) int{
		roomFigures.lines, roomFigures.acked, roomFigures.errors, roomFigures.lost, roomFigures.doubled, roomFigures.dropped,
		roomFigures.throttled, roomFigures.unanswered,
	} {
		cells = append(cells, total(rounds, count))
	}
	return append(cells, middle(rounds, roomFigures.processor).format("%.1f"))
}

// total is the sum of what was counted in some rounds.
func total[T any](rounds []T, count func(T) int) string {
	sum := 0
	for _, r := range rounds {
		sum += count(r)
	}
	return fmt.Sprint(sum)
}
