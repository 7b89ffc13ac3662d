package interleavings

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wsecho/domain"
)

// store is a fake of package dynamodb: each of its steps is one request that the adapter makes, with the condition and
// the answer that the request has there.
type store struct{ service }

// service does steps: a run that is searched, or one that just does them.
type service interface{ do(step) seen }

// The keys of the rows, as in the table.
func connectionKey(id string) string { return "all|" + sortKey(id) }

func memberKey(a domain.Audience, id string) string { return audienceKey(a) + sortKey(id) }

func audienceKey(a domain.Audience) string { return "in|" + string(a) + "|" }

func sortKey(id string) string { return fmt.Sprintf("%016x#%s", domain.Position(id), id) }

// connection is a connection's row. Times are as precise as in the table.
type connection struct {
	member
	audiences string // Each of them ends with a bar.
	version   int64
}

// member is any row of a connection.
type member struct {
	id      string
	at, exp int64 // In milliseconds and in seconds since 1970.
	user    string
}

func memberOf(c domain.Connection) member {
	return member{c.ID, c.ConnectedAt.UnixMilli(), c.ExpiresAt.Unix(), c.User}
}

func (m member) domain() domain.Member {
	return domain.Member{ID: m.id, ConnectedAt: time.UnixMilli(m.at), User: m.user, ExpiresAt: time.Unix(m.exp, 0)}
}

func (c connection) lists(a domain.Audience) bool {
	return strings.HasPrefix(c.audiences, string(a)+"|") || strings.Contains(c.audiences, "|"+string(a)+"|")
}

// listed are the audiences of a connection's row.
func (c connection) listed() []domain.Audience {
	var all []domain.Audience
	for name := range strings.SplitSeq(strings.TrimSuffix(c.audiences, "|"), "|") {
		if name != "" {
			all = append(all, domain.Audience(name))
		}
	}
	return all
}

// changed is the row after an audience was added or taken off.
func (c connection) changed(a domain.Audience, listed bool) connection {
	all := slices.DeleteFunc(c.listed(), func(b domain.Audience) bool { return a == b })
	if listed {
		all = append(all, a)
	}
	slices.Sort(all)
	c.audiences = ""
	for _, b := range all {
		c.audiences += string(b) + "|"
	}
	c.version++
	return c
}

// attempt repeats a step until its outcome is known or the time is over, as the adapter does.
func (s store) attempt(name string, apply func(world) (world, answer)) (got answer, unsure bool, err error) {
	return s.repeat(step{name: name, apply: apply})
}

// look is an attempt of a request that changes nothing.
func (s store) look(name string, at func(world) answer) (answer, error) {
	got, _, err := s.repeat(step{name: name, reads: true, apply: func(w world) (world, answer) { return w, at(w) }})
	return got, err
}

// transact is an attempt of a transaction, whose repetitions are recognised.
func (s store) transact(name string, apply func(world) (world, answer)) (got answer, unsure bool, err error) {
	return s.repeat(step{name: name, apply: apply, token: true})
}

func (s store) repeat(what step) (got answer, unsure bool, err error) {
	for {
		switch seen := s.do(what); seen.fate {
		case answered:
			return seen.answer, unsure, nil
		case lost:
			unsure = true
		default:
			return answer{}, unsure || seen.fate == unheard, fmt.Errorf("%w: %s", domain.ErrUnavailable, seen.fate)
		}
	}
}

// Connect implements domain.Registry.
func (s store) Connect(_ context.Context, c domain.Connection) error {
	if c.User != "" {
		row := memberKey(domain.UserAudience(c.User), c.ID)
		_, _, err := s.attempt("puts the user's row of "+c.ID, func(w world) (world, answer) {
			return w.with(row, memberOf(c)), answerOf(nil, true)
		})
		if err != nil {
			return err
		}
	}
	row := connectionKey(c.ID)
	_, _, err := s.attempt("puts the connection's row of "+c.ID, func(w world) (world, answer) {
		if w.has(row) {
			return w, answerOf(nil, false)
		}
		return w.with(row, connection{member: memberOf(c)}), answerOf(nil, true)
	})
	return err
}

// Get implements domain.Registry.
func (s store) Get(_ context.Context, id string) (domain.Connection, error) {
	row := connectionKey(id)
	got, err := s.look("gets the row of "+id, func(w world) answer { return answerOf(w.get(row), false) })
	if err != nil {
		return domain.Connection{}, err
	}
	c, ok := got.value.(connection)
	if !ok {
		return domain.Connection{}, domain.ErrNotConnected
	}
	return domain.Connection{
		ID: c.id, ConnectedAt: time.UnixMilli(c.at), ExpiresAt: time.Unix(c.exp, 0), User: c.user,
		Audiences: c.listed(), Version: c.version,
	}, nil
}

// Remove implements domain.Registry.
func (s store) Remove(_ context.Context, c domain.Connection) error {
	row := connectionKey(c.ID)
	got, _, err := s.attempt(fmt.Sprintf("deletes the row of %s if its version is %d", c.ID, c.Version), func(w world) (world, answer) {
		stored, there := w.get(row).(connection)
		if there && stored.version != c.Version {
			return w, answerOf(domain.ErrChanged, false)
		}
		return w.without(row), answerOf(nil, there)
	})
	if err == nil {
		err, _ = got.value.(error)
	}
	return err
}

// Members implements domain.Registry. Each key of Everyone that the adapter reads is one request; here it is one for all
// of them, because the order of deeds at different keys makes no difference to who reads a row at each.
func (s store) Members(_ context.Context, a domain.Audience, span domain.Span, limit int) (domain.Page, error) {
	prefix := audienceKey(a)
	if a == domain.Everyone {
		prefix = "all|"
	}
	now := time.Now().Unix()
	name := "reads the members of " + string(a)
	if span.First == span.Last {
		name = fmt.Sprintf("looks in %s at position %x", a, span.First)
	}
	got, err := s.look(name, func(w world) answer {
		var page domain.Page
		hash := uint64(0)
		for _, r := range w.under(prefix) {
			m, ok := r.value.(member)
			if !ok {
				m = r.value.(connection).member
			}
			position := positionIn(r.key)
			if !span.Contains(position) || now >= m.exp {
				continue
			}
			if len(page.Members) == limit {
				page.Rest, page.More = domain.Span{First: position, Last: span.Last}, true
				break
			}
			page.Members = append(page.Members, m.domain())
			hash += hashOf(m)
		}
		return answer{value: page, hash: hash}
	})
	page, _ := got.value.(domain.Page)
	return page, err
}

// positionIn reads the position from the key of a row of a connection.
func positionIn(key string) uint64 {
	hash, _, _ := strings.Cut(key[strings.LastIndex(key, "|")+1:], "#")
	position, _ := strconv.ParseUint(hash, 16, 64)
	return position
}
