package wiring

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// logger writes JSON with the id of the Lambda's request, from the level LOG_LEVEL on; without one, from INFO on.
//
// The level is ours alone. Lambda's own filter, whose level lambdacontext would take, counts a line without a level as
// INFO: metrics and the text of a panic would vanish at WARN.
func logger() *slog.Logger {
	level := slog.LevelInfo
	if text := os.Getenv("LOG_LEVEL"); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			stop("the environment variable LOG_LEVEL must be DEBUG, INFO, WARN or ERROR, not %q", text)
		}
	}
	return slog.New(leveled{lambdacontext.NewLogHandler(), level})
}

// leveled is a handler that also drops what is below a level.
type leveled struct {
	slog.Handler
	least slog.Level
}

func (l leveled) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= l.least && l.Handler.Enabled(ctx, level)
}

func (l leveled) WithAttrs(attributes []slog.Attr) slog.Handler {
	return leveled{l.Handler.WithAttrs(attributes), l.least}
}

func (l leveled) WithGroup(name string) slog.Handler {
	return leveled{l.Handler.WithGroup(name), l.least}
}
