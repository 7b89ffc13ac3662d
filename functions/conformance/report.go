package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// result is what came of one statement.
type result struct {
	ID string `json:"id"`
	verdict
}

// report is what came of a run. It is the format of -json.
type report struct {
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Results []result  `json:"results"`
}

// word is an outcome for people: of what nobody has recorded there is only an answer.
func word(id string, o outcome) string {
	if id[0] != 'U' || o == cannotTell {
		return string(o)
	}
	return map[outcome]string{holds: "as assumed", differs: "otherwise"}[o]
}

// count counts the outcomes of statements, or of what nobody has recorded.
func (r report) count(unknown bool, o outcome) (n int) {
	for _, one := range r.Results {
		if (one.ID[0] == 'U') == unknown && one.Outcome == o {
			n++
		}
	}
	return n
}

func (r report) summary() string {
	return fmt.Sprintf("%s: %d hold, %d differ, %d can't be told. Of %d unknowns %d are as assumed, %d otherwise, %d can't be told.",
		r.Name, r.count(false, holds), r.count(false, differs), r.count(false, cannotTell),
		r.count(true, holds)+r.count(true, differs)+r.count(true, cannotTell), r.count(true, holds), r.count(true, differs), r.count(true, cannotTell))
}

// line is one statement for people.
func line(st statement, v verdict) string {
	saw := "saw: "
	if v.Outcome == cannotTell {
		saw = "because "
	}
	if st.unknown() && v.Outcome != cannotTell {
		saw = "what the service does (" + st.sure + "): "
	}
	text := fmt.Sprintf("%s  %-10s  %s\n", st.id, word(st.id, v.Outcome), st.text)
	if v.Saw != "" {
		text += "                 " + saw + v.Saw + "\n"
	}
	return text
}

// markdown writes a table of reports: a column each, and a list of what differs.
func markdown(w io.Writer, files []string) error {
	var all []report
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var r report
		if err := json.Unmarshal(content, &r); err != nil {
			return fmt.Errorf("%s is no report: %w", file, err)
		}
		all = append(all, r)
	}
	io.WriteString(w, intro)
	table(w, all)
	for _, r := range all {
		differences(w, r)
	}
	return nil
}

// intro is what the page says before the table.
const intro = `# Who behaves as API Gateway does

Written by the conformance suite, by ` + "`make conformance`" + `: change nothing here by hand. The statements are those of
` + "`adapters/gateway`" + `, which says how sure each is; the suite is ` + "`functions/conformance`" + `, which says how to point it
at another server. C is for connects, A for authorizers, E for events, R for routing, M for messages, P for the
management API, T for templates. Of U nobody has recorded what the service does: the column says whether a server does
what our gateway assumes. [aws-check.md](aws-check.md) is how to find out.

What can't be told takes too long or too much, or needs what a server was not given: serverless-offline serves one API,
without models and time-outs of integrations, and it ends when it gets malformed UTF-8 (U10), so that it can't be asked
what comes after. MiniStack's CloudFormation is helped to create route responses, and takes no models: see
` + "`functions/conformance/emulators`" + `.

`

func table(w io.Writer, all []report) {
	head, rule := "| | Statement |", "| --- | --- |"
	for _, r := range all {
		head += " " + cell(r.Name) + " |"
		rule += " --- |"
	}
	fmt.Fprintln(w, head+"\n"+rule)
	for _, st := range statements {
		row := "| " + st.id + " | " + cell(st.text) + " |"
		for _, r := range all {
			row += " " + word(st.id, r.of(st.id).Outcome) + " |"
		}
		fmt.Fprintln(w, row)
	}
	for _, r := range all {
		fmt.Fprintf(w, "\n%s On %s.\n", r.summary(), r.At.Format(time.DateOnly))
	}
}

// of is what came of a statement.
func (r report) of(id string) verdict {
	for _, one := range r.Results {
		if one.ID == id {
			return one.verdict
		}
	}
	return untold("it was not asked")
}

// differences lists what differs, with what was seen.
func differences(w io.Writer, r report) {
	if r.count(false, differs) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## What differs in %s\n\n", r.Name)
	for _, st := range statements {
		if v := r.of(st.id); !st.unknown() && v.Outcome == differs {
			fmt.Fprintf(w, "- %s, %s. Seen: %s\n", st.id, st.text, cell(v.Saw))
		}
	}
}

// cell is a text that stays within its cell.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "\r", "").Replace(text)
}
