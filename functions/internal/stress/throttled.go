package main

import (
	"context"
	"fmt"
)

// throttled broadcasts more than may be posted, and wants everybody to get it all.
func (r *run) throttled(ctx context.Context) error {
	witnesses, err := r.watchAll(ctx, 25)
	if err != nil {
		return err
	}
	herald, err := r.connect(ctx, "herald", nil)
	if err != nil {
		return err
	}
	defer herald.hangUp()
	ids := make([]string, 16)
	atOnce(len(ids), len(ids), func(i int) {
		ack, err := herald.insist(ctx, "broadcast", map[string]any{"data": i, "key": key(fmt.Sprint("broadcast ", i))})
		if err != nil {
			r.violated("", "a broadcast failed: %v", err)
		}
		r.note("", "herald", "broadcasts %s: %d sent, %d gone, queued %v", ack.MessageID, ack.Sent, ack.Gone, ack.Queued)
		ids[i] = ack.MessageID
	})
	r.wantPushed(ctx, witnesses, ids)
	herald.hangUp()
	return r.leaveNothing(ctx, witnesses)
}

// wantPushed wants all witnesses to be sent messages with some ids. They may come behind much else, which shows.
func (r *run) wantPushed(ctx context.Context, witnesses []*witness, ids []string) {
	for _, w := range witnesses {
		if !r.eventually(ctx, w.room, func() string {
			if lacks, heard := w.lacks(ids); len(lacks) > 0 {
				return fmt.Sprintf("%s was never sent %d acknowledged messages, but %d others: %v", w.user, len(lacks), heard, lacks)
			}
			return ""
		}) {
			return
		}
	}
}
