package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// stated is a ratio that a page states.
type stated struct {
	spread
	where string // Section, row and column.
}

// statedRatio is a ratio as spread.String writes it.
var statedRatio = regexp.MustCompile(`^([0-9.]+) \(([0-9.]+)–([0-9.]+)\)$`)

// statedIn finds the ratios on a page, in their order.
func statedIn(page string) (all []stated) {
	section, head := "", []string(nil)
	for line := range strings.Lines(page) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section, head = strings.TrimSpace(title), nil
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		if head == nil {
			head = cells
			continue
		}
		for i, cell := range cells {
			if found := statedRatio.FindStringSubmatch(strings.TrimSpace(cell)); found != nil {
				where := section + ": " + rowName(cells) + ": " + strings.TrimSpace(head[i])
				all = append(all, stated{spread{number64(found[1]), number64(found[2]), number64(found[3])}, where})
			}
		}
	}
	return all
}

// rowName is what a row is about: its first cell, and the second unless that was measured.
func rowName(cells []string) string {
	first, second := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
	if _, err := strconv.ParseFloat(second, 64); err == nil {
		return first
	}
	return first + ", " + second
}

// number64 reads what a pattern has found to be a number.
func number64(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64)
	return n
}

// compare tells how the ratios on a page repeat those on the page that it replaces, and names those that do not.
//
// The median of five rounds is outside the spread of five others one time in six although nothing has changed; that two
// such spreads do not even touch happens one time in 126.
func compare(before, now string) string {
	earlier := map[string]stated{}
	for _, s := range statedIn(before) {
		earlier[s.where] = s
	}
	var compared, within, touching int
	var apart strings.Builder
	for _, s := range statedIn(now) {
		old, ok := earlier[s.where]
		if !ok {
			continue
		}
		compared++
		switch {
		case old.least <= s.median && s.median <= old.greatest:
			within++
		case old.least <= s.greatest && s.least <= old.greatest:
			touching++
		default:
			fmt.Fprintf(&apart, "\n  %s is %s, and was %s", s.where, s, old.spread)
		}
	}
	return fmt.Sprintf("of %d ratios that the page before states, %d are within its spreads, %d more have spreads that touch, %d are apart%s",
		compared, within, touching, compared-within-touching, &apart)
}

// repeats says how the finished page repeats the one that it replaces, if there is one.
func (b *bench) repeats(finished string) {
	before, err := os.ReadFile(b.output)
	if err != nil {
		return // The first of its name.
	}
	if now, err := os.ReadFile(finished); err == nil {
		b.say("%s", compare(string(before), string(now)))
	}
}
