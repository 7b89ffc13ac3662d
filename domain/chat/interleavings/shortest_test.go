package interleavings

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shortest describes the shortest way into something wrong, with as few crashes and faults as it takes.
func shortest(t *testing.T, s *scenario) string {
	for _, limits := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {2, 0}, {1, 1}, {2, 1}} {
		fewer := *s
		fewer.crashes, fewer.faults = min(limits[0], s.crashes), min(limits[1], s.faults)
		if trace := newSearch(t, &fewer).breadthFirst(); trace != "" {
			return trace
		}
	}
	return "found no way with fewer crashes and faults"
}

// tooFar is how many reached are looked at in search of a short way.
const tooFar = 300_000

// reaching is a state that was reached, and how.
type reaching struct {
	state
	from int
	by   move
}

// breadthFirst walks through the states in the order of their distance, until something is wrong.
func (x *search) breadthFirst() string {
	reached := []reaching{{state: x.first(), from: -1}}
	known := map[uint64]bool{reached[0].key(): true}
	for i := 0; i < min(len(reached), tooFar); i++ {
		if wrong := x.judge(reached[i].state); wrong != "" {
			return wrong + trace(reached, i)
		}
		for by, next := range x.moves(reached[i].state) {
			if key := next.key(); !known[key] {
				known[key] = true
				reached = append(reached, reaching{next, i, by})
			}
		}
		reached[i].procs, reached[i].workers = nil, nil
	}
	return ""
}

// wayThere begins a trace.
const wayThere = "The way there:"

// trace tells how a place was reached.
func trace(reached []reaching, at int) string {
	var way []move
	for ; reached[at].from >= 0; at = reached[at].from {
		way = append(way, reached[at].by)
	}
	slices.Reverse(way)
	var told strings.Builder
	for i, m := range way {
		fmt.Fprintf(&told, "  %2d. %v\n", i+1, m)
	}
	return wayThere + "\n" + told.String()
}
