package domain_test

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"wsecho/domain"
)

// shelf is a registry of everyone, made for a million members under the race detector: the ring cut into drawers.
type shelf struct {
	since   time.Time // When all of them connected.
	drawers [1 << drawerBits]drawer

	mu     sync.Mutex // Guards what follows.
	reaped map[string]int
}

const drawerBits = 12

type drawer struct {
	mu      sync.Mutex // Guards what follows.
	ordered bool
	rows    []book
}

type book struct {
	position uint64
	id       string
}

// open returns the drawer of a position, locked, and with its rows in order.
func (s *shelf) open(position uint64) *drawer {
	d := &s.drawers[position>>(64-drawerBits)]
	d.mu.Lock()
	if !d.ordered {
		slices.SortFunc(d.rows, func(a, b book) int { return cmp.Compare(a.position, b.position) })
		d.ordered = true
	}
	return d
}

func (s *shelf) add(id string, position uint64) {
	d := &s.drawers[position>>(64-drawerBits)]
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ordered = false
	d.rows = append(d.rows, book{position, id})
}

func (d *drawer) find(position uint64) (at int, found bool) {
	return slices.BinarySearchFunc(d.rows, position, func(b book, p uint64) int { return cmp.Compare(b.position, p) })
}

func (s *shelf) has(id string) bool {
	d := s.open(domain.Position(id))
	defer d.mu.Unlock()
	_, found := d.find(domain.Position(id))
	return found
}

// drop tells whether there was something to drop.
func (s *shelf) drop(id string) bool {
	d := s.open(domain.Position(id))
	defer d.mu.Unlock()
	at, found := d.find(domain.Position(id))
	if found {
		d.rows = slices.Delete(d.rows, at, at+1)
	}
	return found
}

// reap drops a member and remembers it.
func (s *shelf) reap(id string) {
	if !s.drop(id) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reaped == nil {
		s.reaped = map[string]int{}
	}
	s.reaped[id]++
}

// page reads as the registry's Members does.
func (s *shelf) page(span domain.Span, limit int) domain.Page {
	var page domain.Page
	for rest, more := span, true; more; {
		end := rest.First | (1<<(64-drawerBits) - 1)
		d := s.open(rest.First)
		at, _ := d.find(rest.First)
		for _, b := range d.rows[at:] {
			if b.position > span.Last {
				break
			}
			if len(page.Members) == limit {
				page.More, page.Rest = true, domain.Span{First: b.position, Last: span.Last}
				break
			}
			page.Members = append(page.Members, domain.Member{ID: b.id, ConnectedAt: s.since})
		}
		d.mu.Unlock()
		if rest, more = span.After(end); page.More || end >= span.Last {
			break
		}
	}
	return page
}
