package memory

import (
	"cmp"
	"slices"
	"time"

	"wsecho/domain"
)

// row is a member of one audience.
type row struct {
	domain.Member
	position uint64
}

// spot is a row's place in the order of positions.
type spot struct {
	position uint64
	id       string
}

// ring holds the rows of an audience in the order of their positions. Adding is cheap: the order is restored when
// somebody reads.
type ring struct {
	rows   map[string]row
	sorted []spot
	added  []spot
}

func (s spot) compare(other spot) int {
	return cmp.Or(cmp.Compare(s.position, other.position), cmp.Compare(s.id, other.id))
}

func (r *ring) add(m row) {
	if _, known := r.rows[m.ID]; !known {
		r.added = append(r.added, spot{m.position, m.ID})
	}
	r.rows[m.ID] = m
}

func (r *ring) drop(id string) bool {
	m, ok := r.rows[id]
	if !ok {
		return false
	}
	r.order()
	at, _ := slices.BinarySearchFunc(r.sorted, spot{m.position, id}, spot.compare)
	r.sorted = slices.Delete(r.sorted, at, at+1)
	delete(r.rows, id)
	return true
}

// expire drops the rows that ended before a time.
func (r *ring) expire(before time.Time) {
	kept := Living(r.rows, func(m row) bool { return before.Before(m.ExpiresAt) })
	if len(kept) == len(r.rows) {
		return
	}
	*r = ring{rows: kept}
	for id, m := range kept {
		r.added = append(r.added, spot{m.position, id})
	}
}

// order moves what was added to its place: a few one by one, many by sorting all.
func (r *ring) order() {
	if len(r.added) > len(r.sorted)/64 {
		r.sorted = append(r.sorted, r.added...)
		slices.SortFunc(r.sorted, spot.compare)
	} else {
		for _, s := range r.added {
			at, _ := slices.BinarySearchFunc(r.sorted, s, spot.compare)
			r.sorted = slices.Insert(r.sorted, at, s)
		}
	}
	r.added = r.added[:0]
}

func (r *ring) page(span domain.Span, limit int, now time.Time) domain.Page {
	r.order()
	var page domain.Page
	at, _ := slices.BinarySearchFunc(r.sorted, spot{position: span.First}, spot.compare)
	for _, s := range r.sorted[at:] {
		if !span.Contains(s.position) {
			break
		}
		if len(page.Members) == limit {
			page.Rest, page.More = domain.Span{First: s.position, Last: span.Last}, true
			break
		}
		if m := r.rows[s.id]; now.Before(m.ExpiresAt) {
			page.Members = append(page.Members, m.Member)
		}
	}
	return page
}
