// Package console writes logs for people who read them in a terminal.
package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"wsecho/functions/internal/escape"
)

// New makes a slog.Handler for people: one line for each record, with the time of day, a word for what happened,
// and the rest as name=value, quoted where a terminal would not print it. Bodies and stacks follow on lines of their own.
// Colour helps the eye; see Terminal. It is safe for concurrent use.
func New(w io.Writer, level slog.Leveler, colour bool) slog.Handler {
	return &console{w: w, level: level, colour: colour, mu: new(sync.Mutex)}
}

// Terminal reports whether w is a terminal that wants colour: the environment variable NO_COLOR says no.
func Terminal(w io.Writer) bool {
	f, is := w.(*os.File)
	if !is {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}

// console writes readable lines.
type console struct {
	w      io.Writer
	level  slog.Leveler
	colour bool
	prefix string // Of names, from groups.
	attrs  []slog.Attr
	mu     *sync.Mutex // Protects w, shared by all handlers derived from the first.
}

// ANSI colours.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	dim    = "\x1b[2m"
	plain  = "\x1b[0m"
)

// Enabled reports whether records of the level are written.
func (c *console) Enabled(_ context.Context, level slog.Level) bool { return level >= c.level.Level() }

// WithAttrs returns a handler that writes attrs with every record.
func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	d := *c
	d.attrs = append([]slog.Attr(nil), c.attrs...)
	for _, a := range attrs {
		a.Key = c.prefix + a.Key
		d.attrs = append(d.attrs, a)
	}
	return &d
}

// WithGroup returns a handler that puts name before the names that follow.
func (c *console) WithGroup(name string) slog.Handler {
	if name == "" {
		return c
	}
	d := *c
	d.prefix += name + "."
	return &d
}

// Handle writes one line.
func (c *console) Handle(_ context.Context, r slog.Record) error {
	var b bytes.Buffer
	if !r.Time.IsZero() {
		b.WriteString(c.paint(dim, r.Time.Format("15:04:05.000")) + " ")
	}
	fmt.Fprint(&b, c.paint(colourOf(r), fmt.Sprintf("%-10s", printable(r.Message))))
	var below bytes.Buffer
	each := func(a slog.Attr) bool {
		if !c.below(&below, a) {
			c.attr(&b, a)
		}
		return true
	}
	for _, a := range c.attrs {
		each(a)
	}
	r.Attrs(func(a slog.Attr) bool { a.Key = c.prefix + a.Key; return each(a) })
	b.WriteString("\n")
	b.Write(below.Bytes())
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.w.Write(b.Bytes())
	return err
}

// below writes what has lines of its own, below that of the record: a stack, and what clients and handlers said. It
// reports whether the attribute is that.
func (c *console) below(b *bytes.Buffer, a slog.Attr) bool {
	switch text := a.Value.String(); a.Key {
	case "stack":
		for line := range strings.Lines(text) {
			b.WriteString(c.paint(dim, printable(strings.TrimRight(line, "\n"))) + "\n")
		}
	case "body", "reply":
		if text != "" {
			b.WriteString("    " + c.paint(dim, fmt.Sprintf("%-5s", a.Key)) + " " + escape.Text(oneLine(text)) + "\n")
		}
	default:
		return false
	}
	return true
}

// oneLine is JSON without space between its parts; anything else stays as it is.
func oneLine(text string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// attr writes one name and value. Groups become dotted names.
func (c *console) attr(b *bytes.Buffer, a slog.Attr) {
	v := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return
	}
	if v.Kind() == slog.KindGroup {
		for _, member := range v.Group() {
			if a.Key != "" {
				member.Key = a.Key + "." + member.Key
			}
			c.attr(b, member)
		}
		return
	}
	b.WriteString(" " + c.paint(dim, printable(a.Key)+"=") + readable(v))
}

// readable rounds durations and quotes what would be hard to tell apart.
func readable(v slog.Value) string {
	s := v.String()
	if v.Kind() == slog.KindDuration {
		s = v.Duration().Round(10 * time.Microsecond).String()
	}
	if s == "" || strings.ContainsAny(s, "\t \"") || !isPrintable(s) {
		return strconv.Quote(s)
	}
	return s
}

// isPrintable tells whether a text, much of which is clients', does nothing to a terminal but show itself: there is no
// escape sequence in it, no new line, and nothing that hides what follows or turns its direction.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }) < 0
}

// printable is a text as it is, or quoted if it is not printable.
func printable(s string) string {
	if isPrintable(s) {
		return s
	}
	return strconv.Quote(s)
}

func (c *console) paint(colour, s string) string {
	if !c.colour {
		return s
	}
	return colour + s + plain
}

// colourOf tells errors, warnings and the kinds of events apart.
func colourOf(r slog.Record) string {
	switch {
	case r.Level >= slog.LevelError:
		return red
	case r.Level >= slog.LevelWarn:
		return yellow
	case r.Message == "MESSAGE":
		return cyan
	}
	return green
}

// Lines makes a writer of what other programs print: it is written as it is, but for the characters that do something
// else to a terminal than show themselves. Each Write must be of whole lines; it may be called concurrently if w may.
func Lines(w io.Writer) io.Writer { return lines{w} }

type lines struct{ w io.Writer }

// Write implements io.Writer.
func (l lines) Write(text []byte) (int, error) {
	var b bytes.Buffer
	for line := range strings.Lines(string(text)) {
		line, _ = strings.CutSuffix(line, "\n")
		for i, part := range strings.Split(line, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(escape.Text(part))
		}
		b.WriteByte('\n')
	}
	if _, err := l.w.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}
