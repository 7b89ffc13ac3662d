package main

import (
	"fmt"
	"strings"
	"time"
)

// acts are the parts of a run, in order.
func acts() []act {
	return []act{
		{
			name: "quiet", about: "several say something at the same moment, again and again; who only listens is pushed it all",
			setting: setting{flags: []string{"-slow-posts", "3ms"}, twice: 0.05, late: 0.1, requestsLate: 10 * time.Millisecond},
			play:    (*run).quiet,
		},
		{
			name: "connecting", about: "clients connect while everybody is broadcast to; none of them is reaped",
			setting: setting{twice: 0.05, opening: 1, requestsLate: 20 * time.Millisecond},
			play:    (*run).connecting,
		},
		{
			name: "hangups", about: "clients join and hang up at once; none of them stays a member",
			setting: setting{
				flags: []string{"-double-disconnect", "0.3", "-late-disconnect", "2ms", "-ghost-posts"},
				twice: 0.05, late: 0.1, requestsLate: 30 * time.Millisecond,
			},
			play: (*run).hangups,
		},
		{
			name: "throttled", about: "more is broadcast than may be posted; everybody gets all of it",
			setting: setting{flags: []string{"-post-rate", "150"}, twice: 0.02, killed: 0.02, failing: 0.02},
			play:    (*run).throttled,
		},
		{
			name: "storm", about: "kicks, malformed frames, deaf clients, duplicates, tokens that expire, killed workers and functions",
			setting: setting{
				flags: []string{
					"-lose-disconnect", "0.2", "-double-disconnect", "0.2", "-late-disconnect", "30ms", "-ghost-posts",
					"-post-rate", "4000", "-callback-rate", "6000",
				},
				twice: 0.05, late: 0.05, killed: 0.02, kills: 0.002, opening: 0.2, requestsLate: 10 * time.Millisecond, failing: 0.02,
			},
			play: (*run).storm,
		},
	}
}

// describe lists acts.
func describe(acts []act) string {
	var text strings.Builder
	for _, a := range acts {
		fmt.Fprintf(&text, "  %-11s %s\n", a.name, a.about)
	}
	return text.String()
}

// size is how much happens.
type size struct {
	clients, rooms, lines, kicks                int // Lines and kicks are those of a client.
	connects, malformed, deaf, doubles, expired int
	rounds, quietRooms                          int
	restart                                     bool
}

func sizeOf(store string, long bool) size {
	s := size{
		clients: 200, rooms: 50, lines: 50, kicks: 5, connects: 3000, malformed: 300, deaf: 5, doubles: 200, expired: 5,
		rounds: 25, quietRooms: 20,
	}
	if store == "dynamodb" {
		s.restart = true
		s.rounds, s.quietRooms = 8, 10
		if !long {
			s.lines, s.kicks, s.connects, s.doubles, s.malformed = 5, 2, 200, 20, 100
		}
	}
	if long {
		s.kicks, s.connects, s.doubles, s.malformed = 50, 100_000, 2000, 5000
	}
	return s
}
