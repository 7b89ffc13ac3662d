package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"wsecho/domain"
)

// frame is what members are sent of a log at once: up to MaxPage entries and 100 KB, ascending, as in history.
type frame struct {
	// message is nil if there is nothing to send.
	message json.RawMessage
	entries []Entry
	// last is up to where the log is relayed by it.
	last int64
}

// frame makes one of the beginning of a run of entries that relays the log up to a number. What is older than a delivery
// lives is left to history, and so is an entry that can't be encoded: the room does not stop there.
func (t *turn) frame(ctx context.Context, run []Entry, last int64) frame {
	f := frame{last: last}
	var messages []json.RawMessage
	size := 0
	for _, e := range run {
		if time.Since(e.At) >= domain.DeliveryLife {
			continue
		}
		encoded, err := domain.Encode(e.message())
		if err != nil {
			t.Logger.ErrorContext(ctx, "an entry can't be relayed", "room", t.room, "messageId", e.MessageID, "cause", err)
			continue
		}
		if size += len(encoded) + 1; size > maxPageBytes && len(messages) > 0 {
			f.last = e.Seq - 1
			break
		}
		messages, f.entries = append(messages, encoded), append(f.entries, e)
	}
	if len(messages) > 0 {
		f.message, _ = domain.EncodeMessage("messages", "", struct { // Each of them has encoded.
			Room     string            `json:"room"`
			Epoch    string            `json:"epoch"`
			Messages []json.RawMessage `json:"messages"`
		}{t.room, t.head.Epoch, messages})
	}
	return f
}

// delivery sends the frame to a room. A connection is left out if all of it is what it said itself.
func (f frame) delivery(room, epoch string) domain.Delivery {
	first, last := f.entries[0], f.entries[len(f.entries)-1]
	d := domain.NewDelivery(fmt.Sprintf("%s-%d-%d", epoch, first.Seq, last.Seq), f.message, Audience(room))
	d.AcceptedAt, d.Repairable = first.At, true
	for _, e := range f.entries {
		if e.Void || e.From.Connection != first.From.Connection {
			return d
		}
	}
	d.Except = []string{first.From.Connection}
	return d
}

// waited is how long each of its messages waited until now.
func (f frame) waited() []time.Duration {
	var all []time.Duration
	for _, e := range f.entries {
		if !e.Void {
			all = append(all, time.Since(e.At))
		}
	}
	return all
}
