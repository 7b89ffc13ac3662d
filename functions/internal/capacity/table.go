package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"wsecho/domain"
)

// table is a table of Markdown.
type table struct {
	head []string
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table as Markdown.
func (t table) String() string {
	var text strings.Builder
	line := func(cells []string) { text.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.head)
	text.WriteString("|" + strings.Repeat("---|", len(t.head)) + "\n")
	for _, row := range t.rows {
		line(row)
	}
	return text.String()
}

// capacity is the output: what breaks, what it costs, and of what single deeds that is the sum.
func capacity(all []forecast) string {
	return quotaTable(all).String() + "\n" + costTable(all).String() + "\n" + deedTable(all).String()
}

func quotaTable(all []forecast) table {
	t := table{head: []string{"connections"}}
	for _, q := range quotas {
		t.head = append(t.head, q.name+", of "+grouped(q.limit))
	}
	t.head = append(t.head, "a broadcast lasts", "deepest queue", "a line waits, p99", "all reconnect in", "beyond its limit")
	for _, f := range all {
		cells := []string{f.name}
		for _, q := range quotas {
			cells = append(cells, number(q.use(f)))
		}
		t.row(append(cells, duration(f.told.lasts), grouped(max(f.told.deepest, f.talk.deepest)), duration(f.talk.waits),
			duration(time.Duration(float64(f.connections)/quotas[0].limit*float64(time.Second))), broken(f))...)
	}
	return t
}

// broken lists what does not hold, the worst first.
func broken(f forecast) string {
	type excess struct {
		name  string
		times float64
	}
	var found []excess
	note := func(name string, times float64) {
		if times > 1 {
			found = append(found, excess{name, times})
		}
	}
	for _, q := range quotas {
		note(q.name, q.use(f)/q.limit)
	}
	// Each lives for a while, and all of an hour's take turns.
	note("the time for broadcasts", max(f.told.lasts.Hours()/domain.DeliveryLife.Hours(), f.broadcasts*f.told.lasts.Hours()))
	if f.talk.behind() {
		note("lines/s that the room's frames carry", f.talk.said/f.talk.carried)
	}
	slices.SortStableFunc(found, func(a, b excess) int { return cmp.Compare(b.times, a.times) })
	var words []string
	for _, e := range found {
		words = append(words, fmt.Sprintf("%s %s ×", e.name, number(e.times)))
	}
	return cmp.Or(strings.Join(words, ", "), "nothing")
}

func costTable(all []forecast) table {
	t := table{head: []string{"dollars an hour"}}
	for _, p := range prices {
		t.head = append(t.head, p.service)
	}
	t.head = append(t.head, "sum", "of it pings")
	for _, f := range all {
		cells := []string{f.name}
		for _, p := range prices {
			cells = append(cells, dollars(p.of(f.hour)))
		}
		t.row(append(cells, dollars(cost(f.hour)), dollars(cost(f.talk.ping.times(f.pings))))...)
	}
	return t
}

// deedTable is of the smallest workload, of the large rooms and of all broadcasts.
func deedTable(all []forecast) table {
	t := table{head: []string{"what", "posts", "writes", "reads", "calls", "Lambda ms", "requests to queues", "dollars a million times"}}
	add := func(name string, u usage) {
		t.row(name, number(u[posts]), number(u[writes]), number(u[reads]), number(u[calls]), number(1000*u[seconds]),
			number(u[queue]), dollars(cost(u)*1e6))
	}
	small := false
	for _, f := range all {
		room := "a room of " + grouped(float64(f.room.members))
		if f.rooms == 1 {
			add("a line with a key in "+f.name, f.talk.line)
			continue
		}
		if !small {
			add("a connection's life: connect, join "+room+", hang up", f.talk.life)
			add("a line with a key in "+room, f.talk.line)
			add("a ping of one room", f.talk.ping)
		}
		small = true
		if f.told.lasts > 0 {
			add("a broadcast to "+f.name, f.told.usage)
		}
	}
	return t
}

// number writes three significant digits.
func number(n float64) string {
	if n >= 100 || n == 0 {
		return grouped(n)
	}
	digits := 2 - int(math.Floor(math.Log10(n)))
	return strconv.FormatFloat(roundTo(n, digits), 'f', -1, 64)
}

func roundTo(n float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(n*scale) / scale
}

// grouped writes a whole number, rounded to three significant digits, in groups of thousands.
func grouped(n float64) string {
	if n >= 1000 {
		n = roundTo(n, 2-int(math.Floor(math.Log10(n))))
	}
	text := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func dollars(n float64) string {
	if n >= 1000 {
		return grouped(n)
	}
	return fmt.Sprintf("%.2f", n)
}

// duration writes a time in the unit that suits it.
func duration(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Second:
		return number(float64(d.Milliseconds())) + " ms"
	case d < 10*time.Minute:
		return number(d.Seconds()) + " s"
	case d < 2*time.Hour:
		return number(d.Minutes()) + " min"
	}
	return number(d.Hours()) + " h"
}
