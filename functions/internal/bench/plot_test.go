package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// TestPlot: a plot is XML, has each value and name, and its bars are as long as their scale has it.
func TestPlot(t *testing.T) {
	for name, medians := range map[string][]float64{"linear": {10, 20, 40}, "logarithmic": {1, 10, 1000}} {
		p := plot{"a plot", "Time, ms & more", nil}
		for _, m := range medians {
			p.bars = append(p.bars, bar{"a <b>", spread{m, m * 0.9, m * 1.1}})
		}
		text := p.svg()
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v in %s", name, err, text)
			}
		}
		if strings.Count(text, "<rect") != len(medians) || strings.Count(text, "a &lt;b&gt;") != len(medians) ||
			strings.Count(text, `class="bar ours"`) != 1 || strings.Contains(text, "(logarithmic)") != (name == "logarithmic") || nonsense.MatchString(text) {
			t.Errorf("%s: %s", name, text)
		}
		s := p.scale()
		first, second, third := s.place(medians[0])-s.place(s.from), s.place(medians[1])-s.place(medians[0]), s.place(medians[2])-s.place(medians[1])
		want := map[string]float64{"linear": second / first, "logarithmic": third / second / 2}[name]
		if math.Abs(want-1) > 1e-9 || s.place(s.to) != barsEnd || len(s.ticks()) < 3 {
			t.Errorf("%s: bars of %v end %.1f, %.1f, %.1f apart", name, medians, first, second, third)
		}
	}
}
