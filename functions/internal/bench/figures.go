package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// spread is the median of some figures with the least and the greatest of them.
type spread struct{ median, least, greatest float64 }

func spreadOf(figures []float64) spread {
	slices.Sort(figures)
	n := len(figures)
	return spread{(figures[(n-1)/2] + figures[n/2]) / 2, figures[0], figures[n-1]}
}

// middle is the spread of one figure over the rounds.
func middle[T any](rounds []T, figure func(T) float64) spread {
	figures := make([]float64, len(rounds))
	for i, r := range rounds {
		figures[i] = figure(r)
	}
	return spreadOf(figures)
}

// ratio is the spread of the ratios of one figure, each of two measurements of the same round.
func ratio[T any](ours, theirs []T, figure func(T) float64) spread {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = figure(ours[i]) / figure(theirs[i])
	}
	return spreadOf(ratios)
}

// format shows the median.
func (s spread) format(verb string) string { return fmt.Sprintf(verb, s.median) }

// String shows the median with the spread, to a hundredth or, where that would be nothing, to a thousandth.
func (s spread) String() string {
	digits := 2
	if s.median < 0.1 {
		digits = 3
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.median, digits, s.least, digits, s.greatest)
}

// unless shows nothing where a comparison says nothing.
func (s spread) unless(meaningless bool) string {
	if meaningless {
		return ""
	}
	return s.String()
}

// quantile is that of sorted durations, 0 if there are none.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1))]
}

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// list writes values as a flag takes them.
func list[T any](values []T) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(values), "[]"), " ", ",")
}
