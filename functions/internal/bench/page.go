package main

import (
	"fmt"
	"strings"
)

// introduction begins the page.
const introduction = `# Benchmarks

This page is the output of ` + "`make bench`" + `, which writes it anew: do not edit it. ` + "`make bench ARGS=\"echo\"`" + ` prints a part of
it, ` + "`make bench ARGS=-help`" + ` tells which there are.

Everything is measured on the program as it is shipped, unless a section says what is replaced in it for comparison.
Each server is a process of its own, started for the measurement, and whoever loads it is another. What it is compared with runs in the same run, by turns: A B A B. A
figure is the median of the rounds. A ratio is the median of the ratios of neighbours, with the least and the greatest
in parentheses; figures depend on the machine and on what else it does, ratios much less. Processor time is that of
the named process alone, in user mode and in the kernel.

`

// section is one subject on the page.
type section struct {
	title    string
	about    string
	commands []string
	table    table
}

// made is the command that makes a section.
func made(arguments string, values ...any) string {
	return fmt.Sprintf("make bench ARGS=%q", fmt.Sprintf(arguments, values...))
}

// String is the section as Markdown.
func (s section) String() string {
	return "## " + s.title + "\n\n" + s.about + "\n\n" + s.table.String() +
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
