package main

import (
	"context"
	"fmt"
	"time"
)

// quiet lets three speak at the same moment, again and again, and wants it to be pushed to who asks for nothing.
func (r *run) quiet(ctx context.Context) error {
	witnesses, err := r.watchAll(ctx, r.size.quietRooms)
	if err != nil {
		return err
	}
	failures := make([]error, len(witnesses))
	atOnce(len(witnesses), len(witnesses), func(i int) { failures[i] = r.speakTogether(ctx, witnesses[i]) })
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return r.leaveNothing(ctx, witnesses, time.Time{})
}

// together is how many speak at the same moment.
const together = 3

// pushedWithin is how soon what was said is pushed to everybody, where nothing is throttled or killed.
const pushedWithin = 5 * time.Second

func (r *run) speakTogether(ctx context.Context, w *witness) error {
	speakers := make([]*member, together)
	for i := range speakers {
		var err error
		if speakers[i], err = r.connect(ctx, fmt.Sprintf("%s-speaker-%d", w.room, i), time.Hour, nil); err != nil {
			return err
		}
		defer speakers[i].hangUp()
		if err := speakers[i].join(ctx, w.room); err != nil {
			return err
		}
	}
	chance := r.chance("together", len(w.room))
	for round := range r.size.rounds {
		failures := make([]error, together)
		waits := []float64{chance.Float64(), chance.Float64(), chance.Float64()}
		atOnce(together, together, func(i int) {
			_ = pause(ctx, time.Duration(waits[i]*float64(8*time.Millisecond)))
			said, err := speakers[i].say(ctx, w.room, fmt.Sprintf("round %d of %d in %s", round, i, w.room))
			r.note(w.room, speakers[i].user, "was acknowledged %d, %v", said.Seq, err)
			failures[i] = err
		})
		for _, err := range failures {
			if err != nil {
				return err
			}
		}
		last := int64((round + 1) * together)
		if !r.eventually(ctx, pushedWithin, w.room, func() string {
			if missing := w.missing(last-together+1, last); len(missing) > 0 {
				return fmt.Sprintf("numbers %v of %s were acknowledged and not pushed to who only listens", missing, w.room)
			}
			return ""
		}) {
			return nil
		}
	}
	return nil
}
