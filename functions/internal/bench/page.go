package main

import (
	"fmt"
	"strings"
)

// introduction begins the page.
func (o options) introduction() string {
	if o.peers {
		return peersIntroduction
	}
	return ownIntroduction
}

const ownIntroduction = `# Benchmarks

This page is the output of ` + "`make bench`" + `, which writes it anew: do not edit it. ` + "`make bench ARGS=\"echo\"`" + ` prints a part of
it, ` + "`make bench ARGS=-help`" + ` tells which there are. Beside other people's programs in Node: [benchmarks-peers.md](benchmarks-peers.md).

Everything is measured on the program as it is shipped, unless a section says what is replaced in it for comparison.
Each server is a process of its own, started for the measurement, and whoever loads it is another. What it is compared with runs in the same run, by turns: A B A B. A
figure is the median of the rounds. A ratio is the median of the ratios of neighbours, with the least and the greatest
in parentheses; figures depend on the machine and on what else it does, ratios much less. In the end the command says
how its ratios repeat those of the page that it replaces. Processor time is that of the named process alone, in user
mode and in the kernel.

`

// section is one subject on the page.
type section struct {
	title    string
	about    string
	commands []string
	table    table
	plots    []plot
}

// made is the command that makes a section.
func (o options) made(arguments string, values ...any) string {
	target := "bench"
	if o.peers {
		target = "bench-peers"
	}
	return fmt.Sprintf("make %s ARGS=%q", target, fmt.Sprintf(arguments, values...))
}

// markdown is the section on a page, whose plots are files that begin with the page's name.
func (s section) markdown(page string) string {
	var plots strings.Builder
	for _, p := range s.plots {
		if page == "" {
			break // There is no folder for its files.
		}
		fmt.Fprintf(&plots, "![%s](%s)\n\n", p.title, p.file(page))
	}
	return "## " + s.title + "\n\n" + s.about + "\n\n" + plots.String() + s.table.String() +
		"\n    " + strings.Join(s.commands, "\n    ") + "\n\n"
}

// table is a table of figures.
type table struct {
	head []string
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table as Markdown.
func (t table) String() string {
	var text strings.Builder
	for _, row := range append([][]string{t.head, make([]string, len(t.head))}, t.rows...) {
		text.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	// The second line separates the head.
	head := "| " + strings.Repeat(" | ", len(t.head)-1) + " |\n"
	return strings.Replace(text.String(), head, "|"+strings.Repeat("---|", len(t.head))+"\n", 1)
}
