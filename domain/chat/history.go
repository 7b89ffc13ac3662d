package chat

import (
	"context"

	"wsecho/domain"
)

// History is a dense run of a room's messages, ascending.
type History struct {
	Epoch    string    `json:"epoch"`
	Messages []Message `json:"messages"`
	// More tells that there are further messages in the direction that was asked for.
	More bool `json:"more"`
}

// Position asks for a page of a room's history: what follows After, what precedes Before, or if both are nil the
// newest.
type PageRequest struct {
	// Epoch is the one that the client's numbers are from; nil is the current one.
	Epoch         *string
	After, Before *int64
	// Limit is how many messages to return, up to MaxPage.
	Limit int
}

// History returns a page of a room's messages, without gaps and next to the position that was asked for: where a
// message is still being written, it ends. Refusals: bad_request, not_a_member, rate_limited,
// unrecoverable_position (the epoch has ended, or messages after the position have expired; details have the newest
// page).
func (c *Chat) History(ctx context.Context, from domain.Caller, room string, at PageRequest) (History, error) {
	if err := c.mustBeMember(ctx, from, room); err != nil {
		return History{}, err
	}
	if err := c.reads().Spend(ctx, from); err != nil {
		return History{}, err
	}
	head, err := c.Log.Head(ctx, room)
	if err != nil {
		return History{}, err
	}
	read := reading{c.logs(), room, head, at.Limit}
	recoverable := at.Epoch == nil || *at.Epoch == head.Epoch || fromTheBeginning(*at.Epoch, at.After)
	if recoverable && at.After != nil {
		page, complete, err := read.after(ctx, *at.After)
		if err != nil || complete {
			return page, err
		}
		recoverable = false
	}
	if recoverable && at.Before != nil {
		return read.before(ctx, *at.Before)
	}
	newest, err := read.newest(ctx)
	if err != nil || recoverable {
		return newest, err
	}
	return History{}, &domain.Error{
		Code:    domain.UnrecoverablePosition,
		Message: "messages after this position have expired; begin again with the newest, which are in details",
		Details: map[string]any{"epoch": newest.Epoch, "seq": head.Seq, "messages": newest.Messages, "more": newest.More},
	}
}

// fromTheBeginning tells that a client saw the room before anybody spoke there: it follows whichever epoch came.
func fromTheBeginning(epoch string, after *int64) bool {
	return epoch == "" && after != nil && *after == 0
}

// reading reads a room's log up to a head.
type reading struct {
	logs
	room  string
	head  Head
	limit int
}

// after returns the page that follows a position; complete is false if any of it has expired.
func (r reading) after(ctx context.Context, position int64) (page History, complete bool, err error) {
	if position > r.head.Seq || position < 0 {
		return page, false, nil
	}
	read, _, err := r.following(ctx, position)
	run := firstThatFit(read.dense())
	end := position + int64(len(run))
	return History{r.head.Epoch, messages(run), end < r.head.Seq}, !read.expired, err
}

// following reads what follows a position, up to a last number that is no further than the limit and the head.
func (r reading) following(ctx context.Context, position int64) (read resolved, last int64, err error) {
	last = min(position+int64(r.limit), r.head.Seq)
	if last == position {
		return read, last, nil
	}
	// The entry at the position itself proves, if it lives, that what is missing after it has not expired.
	entries, cut, err := r.Log.Read(ctx, r.room, r.head.Epoch, Range{From: max(position, 1), To: last})
	if err != nil {
		return read, position, err
	}
	if cut {
		last = entries[len(entries)-1].Seq
	}
	read, err = r.resolve(ctx, entries, position+1, last)
	return read, last, err
}

// newest returns the last page. It ends before the first message that is still being written, from where a client goes
// on as from any position.
func (r reading) newest(ctx context.Context) (History, error) {
	return r.upTo(ctx, r.head.Seq, func(read resolved) ([]Entry, bool) { return read.dense(), false })
}

// before returns the page that precedes a position, without what has expired of it. It begins after the last message
// that is still being written, so that it always reaches up to the position.
func (r reading) before(ctx context.Context, position int64) (History, error) {
	return r.upTo(ctx, min(position-1, r.head.Seq), func(read resolved) ([]Entry, bool) {
		if len(read.open) == 0 {
			return read.run, false
		}
		return read.run[read.open[len(read.open)-1]+1:], true
	})
}

// upTo returns the page that ends at a position, and of it what choose takes: a run without open places, and whether
// there is more before it.
func (r reading) upTo(ctx context.Context, last int64, choose func(resolved) ([]Entry, bool)) (History, error) {
	first := max(1, last-int64(r.limit)+1)
	if last < first {
		return History{r.head.Epoch, []Message{}, false}, nil
	}
	entries, cut, err := r.Log.Read(ctx, r.room, r.head.Epoch, Range{From: first, To: last, Newest: true})
	if err != nil {
		return History{}, err
	}
	if cut {
		first = entries[0].Seq
	}
	read, err := r.resolve(ctx, entries, first, last)
	run, more := choose(read)
	fitting := lastThatFit(run)
	more = more || len(fitting) < len(run) || !read.expired && first > 1
	return History{r.head.Epoch, messages(fitting), more}, err
}

// resolved is a run of places without gaps, but for those that are open.
type resolved struct {
	run []Entry
	// open are the indexes in the run of gaps that may still be written. In place of each is one entry, however many it
	// lacks: readers end before a gap, or begin behind it.
	open []int
	// expired tells that the run lacks the beginning of the range that was read, which has expired.
	expired bool
}

// resolve makes a run of what was read in a range, and fills holes.
func (r reading) resolve(ctx context.Context, entries []Entry, first, last int64) (page resolved, err error) {
	lives := len(entries) > 0 && entries[0].Seq < first
	if lives {
		entries = entries[1:]
	}
	for next := first; next <= last; next++ {
		if len(entries) > 0 && entries[0].Seq == next {
			page.run, entries, lives = append(page.run, entries[0]), entries[1:], true
			continue
		}
		missing, err := r.gap(ctx, next, last, entries)
		if err != nil {
			return resolved{}, err
		}
		if err := r.close(ctx, &page, missing, lives); err != nil {
			return resolved{}, err
		}
		next = missing.last
	}
	return page, nil
}

// close adds a gap to a page: an open one, voids, or nothing of what has expired. lives tells that something before the
// gap does.
func (r reading) close(ctx context.Context, page *resolved, missing gap, lives bool) error {
	if missing.open() {
		page.open, page.run = append(page.open, len(page.run)), append(page.run, Entry{})
		return nil
	}
	holes := missing
	if !lives {
		var err error
		if holes, err = r.unexpired(ctx, missing); err != nil {
			return err
		}
	}
	voids, err := r.fill(ctx, holes)
	page.run, page.expired = append(page.run, voids...), page.expired || holes.first > missing.first
	return err
}

// dense is the beginning of a run up to its first open place.
func (r resolved) dense() []Entry {
	if len(r.open) == 0 {
		return r.run
	}
	return r.run[:r.open[0]]
}

// end is the number up to which nothing is open of what follows a position, up to a last number.
func (r resolved) end(position, last int64) int64 {
	dense := r.dense()
	switch {
	case len(dense) > 0:
		return dense[len(dense)-1].Seq
	case len(r.open) > 0:
		return position
	}
	return last // All of it has expired.
}

// size is about how much an entry takes in a reply.
func (e Entry) size() int { return len(e.Data) + len(e.From.User) + 220 }

// firstThatFit cuts a run after what fits into a page.
func firstThatFit(run []Entry) []Entry {
	left := maxPageBytes
	for i, e := range run {
		if left -= e.size(); left < 0 {
			return run[:i]
		}
	}
	return run
}

// lastThatFit cuts a run before what fits into a page.
func lastThatFit(run []Entry) []Entry {
	left := maxPageBytes
	for i := len(run) - 1; i >= 0; i-- {
		if left -= run[i].size(); left < 0 {
			return run[i+1:]
		}
	}
	return run
}

func messages(run []Entry) []Message {
	all := make([]Message, 0, len(run))
	for _, e := range run {
		all = append(all, e.message())
	}
	return all
}
