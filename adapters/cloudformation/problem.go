package cloudformation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Position is where something is written.
type Position struct {
	// File as it was given to Load, or as it is included.
	File string
	// Line counts from 1; 0 is the whole file.
	Line int
}

// Problem is an error or a warning about one place of a template.
type Problem struct {
	Position
	// Resource is a logical id; empty if the place belongs to no resource.
	Resource string
	// Text says what is wrong, Remedy what to do.
	Text, Remedy string
}

// Error returns the problem in one line: file:line: resource: text; remedy.
func (p Problem) Error() string {
	line := p.File
	if p.Line > 0 {
		line = fmt.Sprintf("%s:%d", line, p.Line)
	}
	if p.Resource != "" {
		line += ": " + p.Resource
	}
	line += ": " + p.Text
	if p.Remedy != "" {
		line += "; " + p.Remedy
	}
	return line
}

// problems collects what is wrong, so that one look at a template tells everything.
type problems struct {
	errors, warnings []Problem
	// resource is the one that is being read, and where it begins.
	resource string
	begin    Position
	// lenient makes warnings of errors: what is being read is not needed.
	lenient bool
	// reported counts failures, also those that were noted before.
	reported int
}

// enter says which resource is being read, until the function that it returns is called.
func (p *problems) enter(resource string, at Position) (leave func()) {
	before, begin := p.resource, p.begin
	p.resource, p.begin = resource, at
	return func() { p.resource, p.begin = before, begin }
}

// fail notes an error, and returns what stands for the value that is not there.
func (p *problems) fail(at Position, remedy, format string, args ...any) *node {
	p.reported++
	if p.lenient {
		p.warn(at, remedy, format, args...)
	} else {
		p.errors = p.note(p.errors, at, remedy, format, args...)
	}
	return &node{kind: unresolved, at: at}
}

func (p *problems) warn(at Position, remedy, format string, args ...any) {
	p.warnings = p.note(p.warnings, at, remedy, format, args...)
}

// note adds a problem unless it is there: values are resolved as often as they are used.
func (p *problems) note(to []Problem, at Position, remedy, format string, args ...any) []Problem {
	if at.File == "" {
		at = p.begin // something that should be there has no place of its own
	}
	problem := Problem{Position: at, Resource: p.resource, Text: fmt.Sprintf(format, args...), Remedy: remedy}
	if slices.Contains(to, problem) || len(to) >= maxProblems {
		return to
	}
	return append(to, problem)
}

// maxProblems is as many as anybody reads.
const maxProblems = 100

// err joins the errors, in the order of lines; nil if there are none.
func (p *problems) err() error {
	var all []error
	for _, problem := range sorted(p.errors) {
		all = append(all, problem)
	}
	return errors.Join(all...)
}

func sorted(all []Problem) []Problem {
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return all
}
