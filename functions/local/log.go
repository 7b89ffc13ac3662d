package main

import (
	"bytes"
	"io"
	"log/slog"

	"wsecho/functions/internal/console"
	"wsecho/functions/internal/escape"
)

// level is the least that the gateway logs: every event, unless it is to be quiet.
func (o options) level() slog.Level {
	if o.quiet {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// newLogger writes records from a level on: lines for people, or JSON if that is wanted.
func newLogger(o options, out io.Writer, level slog.Level) *slog.Logger {
	if o.json {
		return slog.New(slog.NewJSONHandler(printing{out}, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(console.New(out, level, console.Terminal(out)))
}

// printing writes JSON of which a terminal prints every character: what is outside of ASCII is in its strings, where an
// escape means the same.
type printing struct{ w io.Writer }

// Write implements io.Writer.
func (p printing) Write(text []byte) (int, error) {
	var b bytes.Buffer
	for _, r := range string(text) {
		if r == '\n' {
			b.WriteRune(r)
		} else {
			b.WriteString(escape.Rune(r))
		}
	}
	if _, err := p.w.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}
