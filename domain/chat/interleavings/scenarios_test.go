package interleavings

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"wsecho/domain"
)

// TestInterleavings searches as much as takes a minute without the race detector, and with INTERLEAVINGS=long in the
// environment much more, in gigabytes of memory. With the race detector it is ten times slower, and searches little.
func TestInterleavings(t *testing.T) {
	all := short()
	switch {
	case os.Getenv("INTERLEAVINGS") == "long":
		all = long()
	case raced:
		t.Log("with the race detector only a small part is searched: make test-interleavings")
		all = slices.DeleteFunc(all, func(s *scenario) bool { return s.crashes == 0 })
		for _, s := range all {
			s.limited(1, 0)
		}
	default:
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(800 << 20)) // Collect garbage more often rather than take more.
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) { check(t, s) })
	}
}

func short() []*scenario {
	return []*scenario{
		connecting().limited(2, 1),
		comingAndGoing(false, false, false).limited(2, 1),
		comingAndGoing(true, false, false).limited(1, 1),
		comingAndGoing(true, false, false).lasting(2*time.Second).limited(0, 0),
		comingAndGoing(false, false, true).limited(2, 1),
		speaking(true, false).limited(2, 1),
		speaking(false, true).limited(2, 1),
		speaking(true, true).limited(1, 0),
		expiring(true, false).limited(1, 1),
		expiring(false, true).limited(2, 1),
		twoMembers(false).limited(2, 1),
		relaying(3, 0, false).limited(0, 0),
		relaying(2, 0, false).limited(0, 1),
		relaying(3, 200*time.Millisecond, false).limited(0, 0),
		relaying(2, 600*time.Millisecond, false).limited(0, 0),
		relaying(2, 600*time.Millisecond, true).limited(1, 1),
		relaying(2, 200*time.Millisecond, false).lasting(4*time.Second).limited(0, 0),
		relaying(2, 0, true).limited(2, 1),
		relaying(2, 200*time.Millisecond, true).limited(2, 1),
		relaying(2, 200*time.Millisecond, true).visited().lasting(6*time.Second).limited(0, 0),
		relaying(1, 0, true).visited().lasting(6*time.Second).limited(1, 1),
		relaying(0, 0, true).repeated().limited(1, 1),
	}
}

func long() []*scenario {
	return []*scenario{
		speaking(true, true).limited(2, 1),
		expiring(true, true).limited(2, 1),
		comingAndGoing(true, false, false).limited(2, 1),
		comingAndGoing(true, false, false).lasting(2*time.Second).limited(2, 0),
		comingAndGoing(true, false, false).lasting(2*time.Second).limited(0, 1),
		comingAndGoing(true, true, false).limited(1, 0),
		comingAndGoing(true, true, false).limited(0, 1),
		comingAndGoing(true, false, true).limited(1, 1),
		twoMembers(true).limited(1, 0),
		twoMembers(true).limited(0, 1),
		relaying(3, 0, false).limited(0, 1),
		relaying(1, 0, true).repeated().limited(1, 1),
		relaying(3, 0, true).limited(1, 1),
		relaying(3, 200*time.Millisecond, true).limited(1, 1),
		relaying(3, 600*time.Millisecond, false).limited(0, 0),
		relaying(2, 200*time.Millisecond, false).lasting(4*time.Second).limited(0, 1),
		relaying(3, 200*time.Millisecond, false).lasting(4*time.Second).limited(0, 1),
		relaying(2, 200*time.Millisecond, true).visited().lasting(6*time.Second).limited(2, 1),
	}
}

// limited sets how much may go wrong.
func (s *scenario) limited(crashes, faults int) *scenario {
	s.crashes, s.faults = crashes, faults
	return s
}

// lasting lets time pass once, at any moment.
func (s *scenario) lasting(d time.Duration) *scenario {
	s.ticks = []moment{moment(d)}
	s.name += fmt.Sprint(", lasting ", d)
	return s
}

// optional is a process, or none.
func optional(wanted bool, p *process) []*process {
	if wanted {
		return []*process{p}
	}
	return nil
}

// commuting are the beginnings of steps that commute with everything where nobody connects: what a join reads for its
// client, the rows of users, and posts.
var commuting = []string{
	"reads the head", "reads lobby", "reads the members of room:lobby", "evicts a from user", "evicts b from user", "posts to",
}

// comingAndGoing is a member whose join, leave, second join, hang-up and closers race.
func comingAndGoing(leaves, again, twice bool) *scenario {
	client := then(slices.Concat(
		[]*process{join("a")}, optional(leaves, leave("a")), optional(again, named("second join of a", join("a"))),
	)...)
	return &scenario{
		name:  fmt.Sprintf("coming and going: leaves %v, comes again %v, is closed twice %v", leaves, again, twice),
		begin: connected("a"),
		processes: slices.Concat(client, optional(twice, disconnect("a")), []*process{
			hangUp("a"), disconnect("a"), post(lobby),
		}),
		workers: 1,
		glued:   commuting,
	}
}

// connecting are two who connect while others post to everybody and to the user.
func connecting() *scenario {
	return &scenario{
		name:  "connecting",
		begin: connected(),
		processes: []*process{
			connect("a"), hangUp("a"), disconnect("a"), disconnect("a"),
			connect("b"), hangUp("b"), disconnect("b"),
			post(domain.Everyone), post(domain.UserAudience("ada")),
		},
	}
}

// speaking is a user who says a line on one connection and repeats it with its key on another one, while somebody speaks
// and somebody reads. In between a hole becomes old.
func speaking(others, reads bool) *scenario {
	return &scenario{
		name:  fmt.Sprintf("speaking: others speak %v, others read %v", others, reads),
		begin: joined(joined(connected("a", "b"), "a"), "b"),
		processes: slices.Concat(
			[]*process{say("a", `"a1"`, "k"), named("say again", say("b", `"a1"`, "k"))},
			optional(others, say("b", `"b1"`, "")), optional(reads, read("b")),
		),
		ticks: []moment{moment(4 * time.Second)},
		glued: []string{"reads the key"},
	}
}

// expiring is a member that has expired, whose rows are collected one by one while it leaves or speaks, which it began
// before, and is closed.
func expiring(leaves, speaks bool) *scenario {
	w := joined(connected("a"), "a")
	for _, r := range w.rows {
		if m, ok := memberIn(r); ok && m.id == "a" {
			w = w.with(r.key, expired(r.value))
		}
	}
	return &scenario{
		name:  fmt.Sprintf("expiring: leaves %v, speaks %v", leaves, speaks),
		begin: w,
		processes: slices.Concat(
			optional(leaves, leave("a")), optional(speaks, say("a", `"a1"`, "k")),
			[]*process{hangUp("a"), disconnect("a"), disconnect("a")},
		),
		workers: 1,
	}
}

// twoMembers are two who join, of whom one or both hang up.
func twoMembers(both bool) *scenario {
	return &scenario{
		name:  fmt.Sprintf("two members: both hang up %v", both),
		begin: connected("a", "b"),
		processes: slices.Concat(
			[]*process{join("a"), join("b"), hangUp("a"), disconnect("a")},
			optional(both, hangUp("b")), optional(both, disconnect("b")),
		),
		workers: 1,
		glued:   commuting,
	}
}
