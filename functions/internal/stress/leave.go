package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// leaveNothing lets the witnesses see that everybody has left, then leave themselves, and wants nothing to be left.
func (r *run) leaveNothing(ctx context.Context, witnesses []*witness) error {
	if len(r.broken()) > 0 {
		return nil
	}
	var leaving sync.WaitGroup
	for _, w := range witnesses {
		leaving.Go(func() {
			if r.alive(w) && w.alone(ctx) {
				w.hangUp()
			}
		})
	}
	leaving.Wait()
	if len(r.broken()) > 0 {
		return nil
	}
	return r.sweep(ctx)
}

// alive wants a witness to be connected still: nobody ends the connections of a client that behaves.
func (r *run) alive(w *witness) bool {
	select {
	case <-w.done:
		r.violated(w.room, "the connection of %s, which did nothing wrong, ended: %v", w.user, w.why)
		return false
	default:
		return true
	}
}

// sweep broadcasts until nobody is there, and looks into the table. Where no $disconnect is lost, nothing may be there
// even before: a broadcast reaps.
func (r *run) sweep(ctx context.Context) error {
	broom, err := r.connect(ctx, "broom", nil)
	if err != nil {
		return err
	}
	defer r.seeOff(ctx, broom)
	if !r.act.setting.loses() && !r.eventually(ctx, "", func() string { return r.leftInTable(ctx, broom.id) }) {
		return nil
	}
	r.eventually(ctx, "", func() string {
		ack, err := broom.insist(ctx, "broadcast", map[string]any{"data": "is anybody there?"})
		if err != nil {
			return fmt.Sprintf("the last client cannot broadcast: %v", err)
		}
		if ack.Sent+ack.Gone > 0 || ack.Queued {
			_ = pause(ctx, 500*time.Millisecond)
			return fmt.Sprintf("all have left, and a broadcast was sent to %d and found %d gone (queued: %v)", ack.Sent, ack.Gone, ack.Queued)
		}
		left := r.leftInTable(ctx, broom.id)
		if left != "" {
			r.tellUsers(ctx, broom)
		}
		return left
	})
	return nil
}

// leftInTable says which connections and memberships the table has, but for one connection.
func (r *run) leftInTable(ctx context.Context, but string) string {
	if r.table == nil {
		return ""
	}
	rows, err := r.table.rows(ctx, "all#", "in#")
	if err != nil {
		return err.Error()
	}
	var left []string
	for _, row := range rows {
		if !strings.HasSuffix(row, "#"+but) {
			left = append(left, row)
		}
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf("all have left, and the table has %d rows of theirs: %v", len(left), left[:min(len(left), 10)])
}

// tellUsers tells users something who have rows and no connection: their connecting broke off half-way. Nobody but who
// tells them something finds them.
func (r *run) tellUsers(ctx context.Context, broom *member) {
	rows, err := r.table.rows(ctx, users)
	if err != nil {
		return // The next look says so.
	}
	for _, row := range rows {
		user, _, _ := strings.Cut(strings.TrimPrefix(row, users), " ")
		if user != broom.user {
			_, _ = broom.insist(ctx, "tell", map[string]any{"to": map[string]any{"user": user}, "data": "are you there?"})
		}
	}
}

// users is what the partitions of users' connections begin with.
const users = "in#user:"

// seeOff lets the last client go, and wants its rows to go too, so that the next act does not find them. Where its
// $disconnect may be lost they may stay, and the next act loses some, too.
func (r *run) seeOff(ctx context.Context, broom *member) {
	broom.hangUp()
	if !r.act.setting.loses() {
		r.eventually(ctx, "", func() string { return r.leftInTable(ctx, "") })
	}
}
