package main

import "testing"

func TestCompare(t *testing.T) {
	page := func(first, second, third spread) string {
		one := table{head: []string{"connections", "server", "ours ÷ this"}}
		one.row("1", "bare", first.String())
		one.row("100", "bare", second.String())
		two := table{head: []string{"what", "ms", "ours ÷ this"}}
		two.row("it", third.format("%.0f"), third.String())
		two.row("we", "10", "")
		return section{title: "Echo", table: one}.markdown("") + section{title: "Start", table: two}.markdown("")
	}
	before := page(spread{2, 1, 3}, spread{0.005, 0.004, 0.006}, spread{1, 0.9, 1.1})
	now := page(spread{2.5, 2.4, 2.6}, spread{0.007, 0.006, 0.008}, spread{2, 1.9, 2.1})
	want := `of 3 ratios that the page before states, 1 are within its spreads, 1 more have spreads that touch, 1 are apart
  Start: it: ours ÷ this is 2.00 (1.90–2.10), and was 1.00 (0.90–1.10)`
	if got := compare(before, now); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := compare("", now), "of 0 ratios that the page before states, 0 are within its spreads, 0 more have spreads that touch, 0 are apart"; got != want {
		t.Errorf("without a page before: %s", got)
	}
}
