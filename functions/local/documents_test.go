package main

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// command is a line of a document that a reader can type, and what the document shows after it.
type command struct {
	line  string   // With the lines by which a backslash continues it.
	shown []string // "> " and what is typed, "< " and what comes.
}

var (
	// tools are the programs whose lines are run.
	tools = regexp.MustCompile(`\b(curl|wscat)\b`)
	// spans are commands within a sentence.
	spans = regexp.MustCompile("`([^`]*\\b(?:curl|wscat) [^`]*)`")
)

// commands finds every line of a document's code that has one of the tools in it, and every command in a sentence.
func commands(document string) []command {
	var all []command
	fenced, continued := false, false
	for line := range strings.Lines(document) {
		line = strings.TrimRight(line, "\n")
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case continued:
			continued = proceed(&all[len(all)-1], line)
		case fenced:
			all, continued = read(all, line)
		case indented:
			all, continued = read(all, code)
		default:
			for _, span := range spans.FindAllStringSubmatch(line, -1) {
				all = append(all, command{line: span[1]})
			}
		}
	}
	return all
}

// read takes a line of code, and tells whether the next one continues it.
func read(all []command, code string) (_ []command, continued bool) {
	frame, exchanged := strings.HasPrefix(code, "{"), strings.HasPrefix(code, "> ") || strings.HasPrefix(code, "< ")
	switch {
	case tools.MatchString(code) && !frame && !exchanged:
		all = append(all, command{})
		return all, proceed(&all[len(all)-1], strings.TrimPrefix(code, "$ "))
	case len(all) == 0:
	case frame:
		all[len(all)-1].shown = append(all[len(all)-1].shown, "< "+code)
	case exchanged:
		all[len(all)-1].shown = append(all[len(all)-1].shown, code)
	}
	return all, false
}

// proceed appends a line to a command, and tells whether the next one continues it.
func proceed(c *command, line string) bool {
	part, more := strings.CutSuffix(line, `\`)
	c.line = strings.TrimSpace(c.line + " " + strings.TrimSpace(part))
	return more
}

func TestCommands(t *testing.T) {
	const document = "Use `wscat -H` or `npx wscat`, `curl`\n\n" +
		"    $ wscat -c a\n    < {\"n\":1}\n\nand then\n\n    > x\n    < y\n\n" +
		"```\nmake run\nTOKEN=$(curl b) \\\n  wscat -c c\n> {\"curl\":1}\n```\n\n    curl d\n    other\n\ngives\n\n    {\"wscat\":2}\n"
	want := []command{
		{"wscat -H", nil},
		{"wscat -c a", []string{`< {"n":1}`, "> x", "< y"}},
		{"TOKEN=$(curl b) wscat -c c", []string{`> {"curl":1}`}},
		{"curl d", []string{`< {"wscat":2}`}},
	}
	if got := commands(document); !reflect.DeepEqual(got, want) {
		t.Errorf("commands = %q, want %q", got, want)
	}
}
