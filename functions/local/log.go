package main

import (
	"io"
	"log/slog"
	"os"

	"wsecho/adapters/gateway"
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
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
	}
	file, isFile := out.(*os.File)
	return slog.New(gateway.NewLogHandler(out, level, isFile && gateway.Terminal(file)))
}
