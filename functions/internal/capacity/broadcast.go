package main

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

// sampleSize is how many members a simulated broadcast reaches about. Of larger audiences the beginning of the ring is
// simulated, and each delivery there stands for as many as its parent was cut into, for each that is simulated.
const sampleSize = 10_000

// broadcast is what one broadcast to everybody comes to.
type broadcast struct {
	usage
	lasts   time.Duration
	deepest float64
}

// simulateBroadcast has somebody speak to so many, of whom a sample of about a size is simulated.
func simulateBroadcast(t *testing.T, o options, members, sample int) (result broadcast) {
	cut := max(1, uint64(members/sample))
	ring := newRing(members, domain.Ring.Last/cut)
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, o)
		s.registry = ring
		began := time.Now()
		data := json.RawMessage(`"` + strings.Repeat("x", lineBytes-2) + `"`)
		s.message(func(p *process) error {
			uc := domain.Broadcaster{FanOut: p.fanOut(s.deliver), Policy: domain.ByGrants{}, Limit: limit(p), NewID: newID}
			uc.FanOut.Queue = sampled{line{p, s.deliver}, ring.last}
			_, err := uc.Broadcast(t.Context(), domain.Caller{Grants: domain.AllGrants}, data, "")
			return err
		})
		s.settle()
		result = broadcast{s.used(), time.Since(began) * time.Duration(cut), s.deliver.deepest}
		s.close()
	})
	return result
}

// sampled is a queue that drops the deliveries beyond the sample, for which the others stand.
type sampled struct {
	line
	last uint64
}

// Enqueue implements domain.Queue.
func (q sampled) Enqueue(_ context.Context, ds ...domain.Delivery) error {
	q.send(len(ds))
	kept := slices.DeleteFunc(slices.Clone(ds), func(d domain.Delivery) bool { return d.Span.First > q.last })
	weight := q.weight * float64(len(ds)) / float64(len(kept))
	for _, d := range kept {
		q.to.put(job{weight, func(ctx context.Context, p *process) error {
			f := p.fanOut(q.to)
			f.Queue = sampled{line{p, q.to}, q.last}
			_, err := f.Deliver(ctx, d, time.Now().Add(workerTime))
			return err
		}}, d.Delay)
	}
	return nil
}

// ring is a registry that has only the members of Everyone who stand at its beginning.
type ring struct {
	domain.Registry
	last    uint64
	members []member
}

type member struct {
	position uint64
	domain.Member
}

// newRing has those of so many members who stand no later than a position.
func newRing(members int, last uint64) *ring {
	r := &ring{last: last}
	for i := range members {
		id := "c" + strconv.Itoa(i)
		if at := domain.Position(id); at <= last {
			r.members = append(r.members, member{at, domain.Member{ID: id}})
		}
	}
	slices.SortFunc(r.members, func(a, b member) int { return cmp.Compare(a.position, b.position) })
	return r
}

// Members implements domain.Registry.
func (r *ring) Members(_ context.Context, _ domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	before := func(m member, position uint64) int { return cmp.Compare(m.position, position) }
	at, _ := slices.BinarySearchFunc(r.members, s.First, before)
	end, _ := slices.BinarySearchFunc(r.members, min(s.Last, math.MaxUint64-1)+1, before)
	var page domain.Page
	for _, m := range r.members[at:min(end, at+limit)] {
		page.Members = append(page.Members, m.Member)
	}
	if at+limit < end {
		page.More, page.Rest = true, domain.Span{First: r.members[at+limit].position, Last: s.Last}
	}
	return page, nil
}
