package gateway

import (
	"context"
	"log/slog"
	"runtime/pprof"
	"strings"
	"time"
)

// leakLabel marks the goroutines of an invocation. Goroutines inherit labels from those that start them.
const leakLabel = "gateway-invocation"

// leakGrace is how long goroutines may take to end after their handler returned: some are on their last instruction.
const leakGrace = 20 * time.Millisecond

// invokeWatched invokes a handler and reports the goroutines that it leaves behind.
func (g *Gateway) invokeWatched(h Handler, event []byte) (out []byte, err error) {
	mark := newID()
	defer func() {
		g.work.Add(1)
		go func() {
			defer g.work.Done()
			g.reportLeaks(mark)
		}()
	}()
	pprof.Do(g.ctx, pprof.Labels(leakLabel, mark), func(ctx context.Context) { out, err = h.Invoke(ctx, event) })
	return out, err
}

func (g *Gateway) reportLeaks(mark string) {
	time.Sleep(leakGrace)
	for _, stack := range marked(mark) {
		g.record(slog.LevelWarn, "a handler returned and left a goroutine behind: Lambda freezes it",
			slog.String("stack", stack))
	}
}

// marked returns the stacks of the goroutines that carry the mark, out of the runtime's goroutine profile.
func marked(mark string) []string {
	var profile strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return nil
	}
	var stacks []string
	for group := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(group, `"`+leakLabel+`":"`+mark+`"`) {
			stacks = append(stacks, group)
		}
	}
	return stacks
}
