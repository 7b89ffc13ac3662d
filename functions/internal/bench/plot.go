package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// plot is a figure of several contestants as bars, each with its spread over the rounds.
type plot struct {
	name  string // In the name of its file.
	title string // With the unit.
	bars  []bar
}

// bar is one of them.
type bar struct {
	name string
	spread
}

// bars are those of one figure.
func bars[F any](all []contestant, figures [][]F, figure func(F) float64) (made []bar) {
	for i, c := range all {
		made = append(made, bar{c.name, middle(figures[i], figure)})
	}
	return made
}

// file is where a page has it: beside the page, whose name its own begins with.
func (p plot) file(page string) string {
	return strings.TrimSuffix(filepath.Base(page), filepath.Ext(page)) + "-" + slug(p.name) + ".svg"
}

// writePlots writes what was measured beside the page.
func (b *bench) writePlots() error {
	for _, p := range b.plots {
		if err := os.WriteFile(filepath.Join(filepath.Dir(b.output), p.file(b.output)), []byte(p.svg()), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// The places on a plot, in pixels: names, then bars, then their values.
const (
	barsBegin, barsEnd, plotWidth = 250, 610, 720
	rowsBegin, rowHeight          = 34, 28
)

// plotStyle has colours for light and for dark pages. Nothing is behind the plot.
const plotStyle = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.tick{font-size:11px;fill:#59636e}
.grid{stroke:#d1d9e0}.bar{fill:#6e8fc9}.ours{fill:#1a7f37}.spread{stroke:#1f2328;stroke-width:1.5;fill:none}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.tick{fill:#9198a1}.grid{stroke:#3d444d}.bar{fill:#4b6ba5}.ours{fill:#3fb950}.spread{stroke:#e6edf3}}
</style>
`

// svg draws it. The first bar is ours.
func (p plot) svg() string {
	s := p.scale()
	height := rowsBegin + len(p.bars)*rowHeight + 24
	var text strings.Builder
	title := html.EscapeString(p.title + s.note())
	fmt.Fprintf(&text, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		plotWidth, height, plotWidth, height, title)
	fmt.Fprintf(&text, plotStyle+`<text class="title" x="4" y="18">%s</text>`+"\n", title)
	for _, tick := range s.ticks() {
		x := s.place(tick)
		fmt.Fprintf(&text, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="tick" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			x, rowsBegin-6, x, height-20, x, height-6, short(tick))
	}
	for i, b := range p.bars {
		text.WriteString(b.svg(s, i))
	}
	return text.String() + "</svg>\n"
}

// svg draws a bar in its row: from the axis to the median, with a line from the least to the greatest.
func (b bar) svg(s scale, row int) string {
	class, y := "bar", rowsBegin+row*rowHeight
	if row == 0 {
		class = "bar ours"
	}
	least, median, greatest := s.place(b.least), s.place(b.median), s.place(b.greatest)
	middle := y + rowHeight/2 - 2
	return fmt.Sprintf(`<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`,
		barsBegin-8, middle+4, html.EscapeString(b.name), class, barsBegin, y+2, median-barsBegin, rowHeight-8) +
		fmt.Sprintf(`<path class="spread" d="M%.1f %dv8M%.1f %dH%.1fM%.1f %dv8"/><text x="%.1f" y="%d">%s</text>`+"\n",
			least, middle-4, least, middle, greatest, greatest, middle-4, greatest+8, middle+4, short(b.median))
}

// scale is a plot's axis.
type scale struct {
	from, to    float64
	logarithmic bool
}

// scale is logarithmic where bars would be too short to be seen.
func (p plot) scale() scale {
	least, greatest := math.Inf(1), 0.0
	for _, b := range p.bars {
		least, greatest = min(least, b.least), max(greatest, b.greatest)
	}
	if least <= 0 || greatest/least < 20 {
		return scale{0, greatest, false}
	}
	return scale{math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(greatest))), true}
}

// note says what a reader could overlook.
func (s scale) note() string {
	if s.logarithmic {
		return " (logarithmic)"
	}
	return ""
}

// place is where a value is, from the left.
func (s scale) place(value float64) float64 {
	share := (value - s.from) / (s.to - s.from)
	if s.logarithmic {
		share = math.Log10(value/s.from) / math.Log10(s.to/s.from)
	}
	return barsBegin + share*(barsEnd-barsBegin)
}

// ticks are the values that have a line.
func (s scale) ticks() (all []float64) {
	if s.logarithmic {
		for v := s.from; v <= s.to*1.01; v *= 10 {
			all = append(all, v)
		}
		return all
	}
	step := math.Pow(10, math.Floor(math.Log10(s.to)))
	for s.to/step < 4 {
		step /= 2
	}
	for v := 0.0; v <= s.to; v += step {
		all = append(all, v)
	}
	return all
}

// short is a number with three digits that count.
func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
