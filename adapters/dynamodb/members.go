package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"wsecho/domain"
)

// Members implements domain.Registry. Everyone is read eventually consistently, at half the price; a read unit is
// 130 members of Everyone then, and half a unit at least for each of the up to sixteen keys that are read.
//
// It reads the span's first key alone, which is all that a large audience takes. If that did not fill the page, it
// reads as many of the following keys at the same time as it expects to take, so that a small audience takes two
// rounds.
func (r Registry) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	read := reading{table: r.Table, current: a != domain.Everyone, now: time.Now()}
	var page domain.Page
	todo := sections(a, s)
	for len(todo) > 0 && len(page.Members) < limit {
		missing := limit - len(page.Members)
		seen := float64(todo[0].span.First-s.First) / keyWidth
		n := ahead(len(page.Members), seen, missing, len(todo))
		parts, err := read.together(ctx, todo[:n], missing)
		if err != nil {
			return domain.Page{}, fmt.Errorf("reading members: %w", err)
		}
		todo = fill(&page, todo, parts, limit)
	}
	if len(todo) > 0 {
		page.Rest, page.More = domain.Span{First: todo[0].span.First, Last: s.Last}, true
	}
	return page, nil
}

// ahead is how many keys hold what a page still misses, judging from the members found in a number of keys so far;
// there are left keys. The one member more than found keeps a narrow part that happens to be empty from looking like
// an empty table, of which all keys would be read. At the start nothing is known, and one key is read.
func ahead(found int, keys float64, missing, left int) int {
	density := float64(found+1) / keys
	return min(left, max(1, int(math.Ceil(float64(missing)/density))))
}

// fill adds to a page what was found in the first sections to do, up to the limit. It returns what then is to do.
func fill(page *domain.Page, todo []section, parts []domain.Page, limit int) []section {
	for _, part := range parts {
		n := min(len(part.Members), limit-len(page.Members))
		page.Members = append(page.Members, part.Members[:n]...)
		switch {
		case part.More && n == len(part.Members):
			todo[0].span = part.Rest
			return todo
		case 0 < n && n < len(part.Members):
			todo[0].span.First = domain.Position(part.Members[n-1].ID) + 1
			return todo
		case n < len(part.Members):
			return todo
		}
		todo = todo[1:]
	}
	return todo
}

// reading is one call of Members.
type reading struct {
	table   Table
	current bool
	now     time.Time
}

// together reads sections at the same time.
func (r reading) together(ctx context.Context, todo []section, limit int) ([]domain.Page, error) {
	parts, errs := make([]domain.Page, len(todo)), make([]error, len(todo))
	var running sync.WaitGroup
	for i, s := range todo {
		running.Go(func() { parts[i], errs[i] = r.section(ctx, s, limit) })
	}
	running.Wait()
	return parts, errors.Join(errs...)
}

// section reads a section until it has at least as many members as the limit, or to the end. Rest is what it has
// not read.
func (r reading) section(ctx context.Context, s section, limit int) (page domain.Page, err error) {
	query := s.query()
	query.Eventual = !r.current
	skipped := 0
	for {
		// Where many have expired, more and more is asked for, lest they are skipped one by one.
		query.Limit = limit - len(page.Members) + skipped
		rows, next, err := r.table.Query(ctx, query)
		if err != nil {
			return domain.Page{}, err
		}
		skipped += len(rows)
		for _, row := range ReadAll[connectionRow](ctx, r.table, rows) {
			if r.now.Unix() < row.Expires {
				page.Members = append(page.Members, row.asMember())
				skipped--
			}
		}
		if next == (Key{}) {
			return page, nil
		}
		if len(page.Members) >= limit {
			last, _ := next.member()
			page.Rest, page.More = s.span.After(last)
			return page, nil
		}
		query.After = next
	}
}

func (s section) query() Query {
	from, to := s.bounds()
	return Query{PK: s.key, From: from, To: to, Attributes: "#sk, #at, #exp, #user"}
}
