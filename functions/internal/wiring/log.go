package wiring

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// newLogger writes JSON with the id of the Lambda's request, from a level on; without one, from INFO on.
// There is a logger with an error, too.
//
// The level is ours alone. Lambda's own filter, whose level lambdacontext would take, counts a line without a level as
// INFO: metrics and the text of a panic would vanish at WARN.
func newLogger(least string) (*slog.Logger, error) {
	level, err := slog.LevelInfo, error(nil)
	if least != "" && level.UnmarshalText([]byte(least)) != nil {
		err = fmt.Errorf("the environment variable LOG_LEVEL must be DEBUG, INFO, WARN or ERROR, not %q", least)
	}
	return slog.New(leveled{lambdacontext.NewLogHandler(), level}), err
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
