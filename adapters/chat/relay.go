package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"wsecho/adapters/extension"
	"wsecho/adapters/internal/emf"
	"wsecho/adapters/sqs"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// handOns puts what is handed on into the queue of the frames, so that the queue paces a large room: a delivery to an
// audience that nobody can be in.
type handOns struct{ queue domain.Queue }

// relays is that audience.
const relays domain.Audience = "relays"

// handedOn is the message of such a delivery.
type handedOn struct {
	Room  string `json:"room"`
	Owner string `json:"owner"`
}

// HandOn implements chat.HandOns.
func (h handOns) HandOn(ctx context.Context, on chat.HandOn) error {
	message, err := json.Marshal(handedOn(on))
	if err != nil {
		return err
	}
	return h.queue.Enqueue(ctx, domain.NewDelivery(on.Owner, message, relays))
}

// relay makes what pushes the rooms' logs. Its frames go through the queue of the worker.
func relay(core extension.Core, store store, days int) *chat.Relay {
	frames := *core.FanOut
	frames.Queue = core.Queue
	return &chat.Relay{
		Log: store, Relays: store, FanOut: &frames, HandOns: handOns{core.Queue}, NewID: core.NewID,
		HistoryDays: days, Logger: core.Logger, Ran: measure(core.Metrics, core.Stack),
	}
}

// worker makes what posts the frames of large rooms and goes on with rooms that were handed on.
func worker(core extension.Core) (*sqs.Worker, error) {
	uc, err := useCases(core)
	if err != nil {
		return nil, err
	}
	return &sqs.Worker{FanOut: uc.Relay.FanOut, Take: goOn(uc.Relay), Logger: core.Logger}, nil
}

// goOn takes what was handed on.
func goOn(relay *chat.Relay) func(context.Context, domain.Delivery) (bool, error) {
	return func(ctx context.Context, d domain.Delivery) (bool, error) {
		if d.Audience != relays {
			return false, nil
		}
		var on handedOn
		if err := json.Unmarshal(d.Message, &on); err != nil {
			return true, fmt.Errorf("reading what was handed on: %w", err)
		}
		return true, relay.Continue(ctx, chat.HandOn(on))
	}
}

// measure writes what relays do: LinesPerFrame and, for each line, RelayWaitMs, from its number to its first post; and
// RelayTakeovers. Nil writes nothing.
func measure(out io.Writer, stack string) func(chat.Round) {
	if out == nil {
		return nil
	}
	dimensions := emf.Stack(stack)
	return func(r chat.Round) {
		metrics := []emf.Metric{{Name: "RelayTakeovers", Unit: emf.Count, Value: 1}}
		if !r.TakenOver {
			metrics = []emf.Metric{{Name: "LinesPerFrame", Unit: emf.Count, Value: int64(len(r.Waited))}}
			if len(r.Waited) > 0 {
				metrics = append(metrics, emf.Metric{Name: "RelayWaitMs", Unit: emf.Milliseconds, Values: milliseconds(r.Waited)})
			}
		}
		_ = emf.Write(out, time.Now(), dimensions, metrics...) // One that is lost is no reason to stop.
	}
}

func milliseconds(all []time.Duration) []int64 {
	ms := make([]int64, len(all))
	for i, d := range all {
		ms[i] = d.Milliseconds()
	}
	return ms
}
