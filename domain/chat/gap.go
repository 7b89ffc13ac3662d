package chat

import (
	"context"
	"encoding/hex"
	"strings"
	"time"
)

// holeAge is how long a writer may take between its number and its message before readers fill the place.
const holeAge = 3 * time.Second

// gap is a run of neighbouring places where nothing stands, both ends included: messages that are being written, holes
// that their writers left, or messages that have expired.
type gap struct {
	first, last int64
	// taken is when the number behind the gap was taken, or the head's own if nothing stands behind it. All of the
	// gap's numbers were taken before.
	taken time.Time
}

// open tells that the gap is so young that its writers may still come.
func (g gap) open() bool { return time.Since(g.taken) < holeAge }

// gap returns the gap that begins at a place and ends at the latest at the last one of a page, of which the entries
// from there on are given. If the page ends with the gap, the next entry behind it is read, however far away that is:
// the head is no measure of its age, for where people talk it is always young.
func (r reading) gap(ctx context.Context, first, last int64, entries []Entry) (gap, error) {
	if len(entries) > 0 {
		return gap{first, entries[0].Seq - 1, entries[0].At}, nil
	}
	if last < r.head.Seq {
		behind, _, err := r.Log.Read(ctx, r.room, r.head.Epoch, Range{From: last + 1, To: r.head.Seq, Limit: 1})
		if err != nil {
			return gap{}, err
		}
		if len(behind) > 0 {
			return gap{first, last, behind[0].At}, nil
		}
	}
	return gap{first, last, r.head.At}, nil
}

// unexpired cuts off what may have expired of a gap below which nothing that lives was read. Where something does live,
// or the log began within the time that messages are kept, nothing has. Otherwise all has, but for the head's own
// place: its number's age is known.
func (r reading) unexpired(ctx context.Context, g gap) (gap, error) {
	if began, ok := timeOf(r.head.Epoch); ok && time.Since(began) < r.history() {
		return g, nil
	}
	if g.first > 1 {
		// The newest one lives longest.
		lower, _, err := r.Log.Read(ctx, r.room, r.head.Epoch, Range{From: 1, To: g.first - 1, Limit: 1, Newest: true})
		if err != nil || len(lower) > 0 {
			return g, err
		}
	}
	g.first = g.last + 1
	if g.last == r.head.Seq && time.Since(r.head.At) < r.history() {
		g.first = g.last
	}
	return g, nil
}

// fill puts a void into every place of a gap, and returns what stands there, which may be messages after all.
func (r reading) fill(ctx context.Context, g gap) ([]Entry, error) {
	var all []Entry
	for seq := g.first; seq <= g.last; seq++ {
		e, err := r.Log.Write(ctx, r.room, r.void(r.head.Epoch, seq, g.taken), nil)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// timeOf reads when a UUID of version 7 was made (RFC 9562, section 5.7).
func timeOf(uuid string) (time.Time, bool) {
	digits := strings.ReplaceAll(uuid, "-", "")
	if len(digits) != 32 {
		return time.Time{}, false
	}
	bytes, err := hex.DecodeString("0000" + digits[:12])
	if err != nil {
		return time.Time{}, false
	}
	var milliseconds int64
	for _, b := range bytes {
		milliseconds = milliseconds<<8 | int64(b)
	}
	return time.UnixMilli(milliseconds), true
}
