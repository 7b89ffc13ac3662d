package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Exit statuses.
const (
	allHold = iota
	someDiffer
	notRun
)

// run is the program: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return allHold
	}
	status := notRun
	switch {
	case err != nil:
	case o.markdown:
		if err = markdown(stdout, o.reports); err == nil {
			return allHold
		}
	default:
		status, err = newSuite(o).whole(stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "conformance:", err)
	}
	return status
}

// whole puts all statements to the server and reports.
func (s *suite) whole(stdout, stderr io.Writer) (status int, err error) {
	progress := stdout
	if s.json {
		progress = stderr
	}
	r, err := s.ask(progress)
	if err != nil {
		return notRun, err
	}
	fmt.Fprintln(progress, r.summary())
	if s.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(r)
	}
	if s.record != "" {
		err = errors.Join(err, s.golden.write(s.record))
	}
	if err != nil {
		return notRun, err
	}
	if r.count(false, differs) > 0 {
		return someDiffer, nil
	}
	return allHold, nil
}

// ask puts the statements to the server, one after the other.
func (s *suite) ask(progress io.Writer) (report, error) {
	r := report{Name: s.name, At: time.Now().UTC().Truncate(time.Second)}
	collector, err := s.begin()
	if err != nil {
		return r, err
	}
	defer watch(collector)()
	for _, st := range statements {
		v := untold("it was not asked")
		if !slices.Contains(strings.Split(s.skip, ","), st.id) {
			v = s.judgeTwice(st.check)
		}
		r.Results = append(r.Results, result{st.id, v})
		io.WriteString(progress, line(st, v))
	}
	return r, nil
}

// judgeTwice runs a check, and once more where an event was not recorded: an instance of the function that has just
// started records nothing before an event has told it of the collector.
func (s *suite) judgeTwice(check func(*suite) verdict) verdict {
	defer s.clean()
	s.unrecorded = false
	v := judge(s, check)
	if !s.unrecorded {
		return v
	}
	s.clean()
	v = judge(s, check)
	v.Saw += "; asked twice, as no event was recorded the first time"
	return v
}
