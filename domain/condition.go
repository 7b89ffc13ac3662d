package domain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// lookAgain is how long the queue holds back a delivery that is final and whose condition was not seen to hold yet.
	lookAgain = time.Second
	// lookSoon is how long it holds one back that is pending, for the first time.
	lookSoon = 50 * time.Millisecond
	// pendingTime is within which a request makes its pending delivery true, or never: longer than any function runs.
	pendingTime = time.Minute
	// lookLife is how long what has to be put right lives at least: it outlives a worker that died with it.
	lookLife = 5 * time.Minute
)

// Condition ties a message that says who is a member, and who is not, to what the registry says. Posts are throttled
// and come back, queues reorder and repeat, workers die between two steps, and what a message says may end while it is
// posted. So that the last such message that a member gets is true all the same, such a delivery goes to the queue, where
// nobody's death loses it; who works on it looks before, and posts the opposite where that is true; and it looks again
// after posting: what is not true any more goes to the queue to be put right.
//
// So these messages may repeat what their receivers know. Of Everyone, whose members may be read a moment late, they
// can't be sure.
type Condition struct {
	// Connection is the id of the connection that the message is about.
	Connection string `json:"connection"`
	// Member is what the message says: that it is a member of the delivery's audience, or that it is not.
	Member bool `json:"member"`
	// Otherwise is the message that says the opposite. Nil means that the message is true for good, or will be in a
	// moment: it is posted in any case, and again until the condition was seen to hold before.
	Otherwise json.RawMessage `json:"otherwise,omitempty"`
	// Pending means that the message was queued before what makes it true was done, so that who dies in between takes
	// no news along: the queue keeps it until it was seen to be true. If it is not after a minute, that was not done, or
	// has been undone.
	Pending bool `json:"pending,omitempty"`
}

func (c *Condition) final() bool { return c.Otherwise == nil }

// workOnTruth works on a delivery with a condition: on its opposite, if that is true.
func (f *FanOut) workOnTruth(ctx context.Context, d Delivery, until time.Time) (Report, error) {
	if d.Condition == nil || d.expired() {
		return f.work(ctx, d, until)
	}
	age := max(0, time.Since(d.AcceptedAt))
	holds, err := f.holds(ctx, d)
	switch {
	case d.Condition.final():
		return f.workUntilTrue(ctx, d, until, holds)
	case errors.Is(err, ErrUnavailable):
		return f.putBack(ctx, d, lookAgain)
	case err != nil:
		return Report{}, fmt.Errorf("looking who is a member of %s: %w", d.Audience, err)
	case holds:
		return f.workAndLook(ctx, d.settled(), until)
	case d.Condition.Pending && age < pendingTime:
		return f.putBack(ctx, d, lookSoon+age)
	}
	return f.workAndLook(ctx, d.opposite(), until)
}

// workAndLook works on a delivery whose condition holds. If it may not hold any more after posts that may have arrived,
// the delivery goes to the queue: whoever ended it has told so, but perhaps before these posts.
func (f *FanOut) workAndLook(ctx context.Context, d Delivery, until time.Time) (Report, error) {
	report, err := f.work(ctx, d, until)
	if err != nil || report.Sent+report.Queued == 0 {
		return report, err
	}
	if holds, err := f.holds(ctx, d); err == nil && holds {
		return report, nil
	}
	if least := time.Now().Add(lookLife); d.ExpiresAt.Before(least) {
		d.ExpiresAt = least
	}
	again, err := f.putBack(ctx, d, 0)
	report.Queued += again.Queued
	return report, err
}

// workUntilTrue works on a delivery that is final. If its condition did not hold when it began, the opposite may be
// posted after it: then it is repeated, each time after a longer while. What was handed back of it is not: the whole is.
func (f *FanOut) workUntilTrue(ctx context.Context, d Delivery, until time.Time, held bool) (Report, error) {
	report, err := f.work(ctx, d, until)
	if err != nil || held || report.Oversized > 0 || d.Members != nil {
		return report, err
	}
	repeated, err := f.putBack(ctx, d, lookAgain+max(0, time.Since(d.AcceptedAt)))
	report.Queued += repeated.Queued
	return report, err
}

// holds tells whether a delivery's condition does, by the member's row.
func (f *FanOut) holds(ctx context.Context, d Delivery) (bool, error) {
	id := d.Condition.Connection
	at := Position(id)
	page, err := f.Registry.Members(ctx, d.Audience, Span{First: at, Last: at}, pageLimit)
	if err != nil {
		return false, err
	}
	member := slices.ContainsFunc(page.Members, func(m Member) bool { return m.ID == id })
	return member == d.Condition.Member, nil
}

// putBack puts a delivery on the queue, as it is.
func (f *FanOut) putBack(ctx context.Context, d Delivery, delay time.Duration) (Report, error) {
	d.Delay = delay
	queued, err := f.enqueue(ctx, []Delivery{d})
	return Report{Queued: queued}, err
}

func (d Delivery) expired() bool { return !time.Now().Before(d.ExpiresAt) }

// settled is a delivery whose condition was seen to hold.
func (d Delivery) settled() Delivery {
	c := *d.Condition
	c.Pending = false
	d.Condition = &c
	return d
}

// opposite says the opposite of a delivery.
func (d Delivery) opposite() Delivery {
	was := d.Condition
	d.Message, d.Condition = was.Otherwise, &Condition{
		Connection: was.Connection, Member: !was.Member, Otherwise: d.Message,
	}
	return d
}
