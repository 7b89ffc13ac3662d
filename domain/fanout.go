package domain

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// The sizes of a fan-out. A page is what one worker posts; a read asks for a quarter more and one to see whether
// that is all; a span that holds more is cut for less than a page, so that few of its parts hold too much.
const (
	pageLimit   = 125
	cutSize     = 85
	maxChildren = 100
)

// FanOut delivers messages to audiences of any size. Whoever works on a delivery reads one page of its span: if
// that is all, it posts; if not, it cuts the span into smaller deliveries for the queue. It never does both, so a
// repetition after a crash repeats either posts, which clients recognise by the message id, or deliveries of them.
//
// A FanOut is safe for concurrent use. All its fields but Rests and Ran are required.
type FanOut struct {
	Registry Registry
	Sender   Sender
	Queue    Queue
	Closer   Closer
	// Limiter is shared by all that posts in this process.
	Limiter *Limiter
	// Rests is shared like Limiter. Nil lets nobody rest.
	Rests *Rests
	// Concurrency is how many posts run at the same time.
	Concurrency int
	// Random returns numbers in [0,1). It must be safe for concurrent use.
	Random func() float64
	// Ran is told what a run did, also of one that failed. It must be safe for concurrent use. Nil is nobody.
	Ran func(Delivery, Report)
}

// Report counts what one run did with a delivery.
type Report struct {
	// Sent, Gone and Failed count members by their last outcome. A member that failed will not get the message.
	Sent, Gone, Failed int
	// Throttled counts the posts answered that way, the repeated ones included.
	Throttled int
	// Queued counts the deliveries handed to the queue.
	Queued int
	// Expired and Oversized count deliveries dropped because they were late, or their audience too large.
	Expired, Oversized int
	// DeadLettered counts the members given up, Skipped those left to find the message elsewhere.
	DeadLettered, Skipped int
}

// Ack tells the sender of a message what became of it so far.
type Ack struct {
	MessageID string `json:"messageId"`
	Sent      int    `json:"sent"`
	Gone      int    `json:"gone"`
	Failed    int    `json:"failed"`
	// Queued means that workers deliver what remains.
	Queued bool `json:"queued"`
}

// Ack is what the sender of a message is told of a run.
func (r Report) Ack(messageID string) Ack {
	return Ack{MessageID: messageID, Sent: r.Sent, Gone: r.Gone, Failed: r.Failed, Queued: r.Queued > 0}
}

// Deliver works on a delivery until a point in time, after which it starts and awaits no more posts: what is not
// done goes back to the queue. ctx must last a little longer, and Deliver may: it closes the connections that it found
// gone, which takes up to two seconds if the registry is slow, whatever becomes of ctx. Where a delivery has a Condition
// of which the opposite is true, it posts that.
//
// An error means that the whole delivery has to be tried again, by its sender or its queue: one that wraps
// ErrUnavailable if the registry or the queue did not answer, ErrForbidden if the service may not post.
func (f *FanOut) Deliver(ctx context.Context, d Delivery, until time.Time) (Report, error) {
	report, err := f.workOnTruth(ctx, d, until)
	if f.Ran != nil {
		f.Ran(d, report)
	}
	return report, err
}

// Page reads who is first in an audience, for DeliverPage. An error wraps ErrUnavailable.
func (f *FanOut) Page(ctx context.Context, a Audience) (Page, error) {
	return f.read(ctx, Delivery{Audience: a, Span: Ring})
}

// DeliverPage is Deliver for a delivery to a whole audience and without a condition, whose page was read just now, so
// that a caller can do so while it waits for something else.
func (f *FanOut) DeliverPage(ctx context.Context, d Delivery, page Page, until time.Time) (Report, error) {
	report, err := f.workOnPage(ctx, d, page, until)
	if f.Ran != nil {
		f.Ran(d, report)
	}
	return report, err
}

// work drops, splits or posts.
func (f *FanOut) work(ctx context.Context, d Delivery, until time.Time) (Report, error) {
	if d.expired() {
		return f.expire(ctx, d)
	}
	if d.Members != nil {
		return f.post(ctx, d, d.Members, until)
	}
	page, err := f.read(ctx, d)
	if err != nil {
		return Report{}, fmt.Errorf("reading the members of %s: %w", d.Audience, err)
	}
	return f.workOnPage(ctx, d, page, until)
}

func (f *FanOut) workOnPage(ctx context.Context, d Delivery, page Page, until time.Time) (Report, error) {
	if d.MaxMembers > 0 && (page.More || len(page.Members) > d.MaxMembers) {
		return Report{Oversized: 1}, nil
	}
	if page.More {
		queued, err := f.enqueue(ctx, f.split(d, page))
		return Report{Queued: queued}, err
	}
	return f.post(ctx, d, page.Members, until)
}

// expire drops a delivery that is late. One whose members were tried and not reached is given up instead.
func (f *FanOut) expire(ctx context.Context, d Delivery) (report Report, err error) {
	if !d.Retry() {
		return Report{Expired: 1}, nil
	}
	err = f.giveUp(ctx, d, notInTime, &report)
	return report, err
}

// read returns up to pageLimit members; More tells that the span holds others. It reads on after a short page: an
// adapter may return one where expired members were left out.
func (f *FanOut) read(ctx context.Context, d Delivery) (Page, error) {
	var all Page
	rest := d.Span
	for {
		page, err := f.Registry.Members(ctx, d.Audience, rest, pageLimit+1-len(all.Members))
		if err != nil {
			return Page{}, err
		}
		all.Members = append(all.Members, page.Members...)
		if len(all.Members) > pageLimit {
			all.More = true
			return all, nil
		}
		if !page.More {
			return all, nil
		}
		rest = page.Rest
	}
}

// split cuts a delivery's span into children by the density of the page that was read of it.
func (f *FanOut) split(d Delivery, page Page) []Delivery {
	last := Position(page.Members[len(page.Members)-1].ID)
	estimate := float64(len(page.Members)) / d.Span.share(last)
	n := int(math.Ceil(min(estimate/cutSize, maxChildren)))
	var children []Delivery
	for _, span := range d.Span.Split(max(n, 2)) {
		child := d.to(nil)
		child.Span = span
		children = append(children, child)
	}
	return children
}

// post posts a delivery to members, hands what is left back to the queue, and closes the connections that are gone.
func (f *FanOut) post(ctx context.Context, d Delivery, members []Member, until time.Time) (Report, error) {
	members = slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return slices.Contains(d.Except, m.ID) })
	run := &run{fanOut: f, delivery: d}
	run.post(ctx, members, until)
	if run.forbidden != nil {
		return run.report, run.forbidden
	}
	report, err := run.handBack(ctx)
	run.reap(ctx)
	return report, err
}
