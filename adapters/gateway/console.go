package gateway

import (
	"bytes"
	"context"
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
)

// NewLogHandler makes a slog.Handler for people: one line for each record, with the time of day, a word for what
// happened, and the rest as name=value, quoted where a terminal would not print it. Colour helps the eye; see Terminal.
// For machines use slog.NewJSONHandler.
// It is safe for concurrent use.
func NewLogHandler(w io.Writer, level slog.Leveler, colour bool) slog.Handler {
	return &console{w: w, level: level, colour: colour, mu: new(sync.Mutex)}
}

// Terminal reports whether f is a terminal that wants colour: the environment variable NO_COLOR says no.
func Terminal(f *os.File) bool {
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
	var stack string
	each := func(a slog.Attr) bool {
		if a.Key == "stack" {
			stack = a.Value.String()
			return true
		}
		c.attr(&b, a)
		return true
	}
	for _, a := range c.attrs {
		each(a)
	}
	r.Attrs(func(a slog.Attr) bool { a.Key = c.prefix + a.Key; return each(a) })
	b.WriteString("\n")
	if stack != "" {
		for line := range strings.Lines(stack) {
			b.WriteString(c.paint(dim, printable(strings.TrimRight(line, "\n"))) + "\n")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.w.Write(b.Bytes())
	return err
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
	case r.Message == eventMessage:
		return cyan
	}
	return green
}
