package main

import (
	"context"
	"errors"
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
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return r.leaveNothing(ctx, witnesses)
}

// together is how many speak at the same moment.
const together = 3

func (r *run) speakTogether(ctx context.Context, w *witness) error {
	speakers := make([]*member, together)
	for i := range speakers {
		var err error
		if speakers[i], err = r.connect(ctx, fmt.Sprintf("%s-speaker-%d", w.room, i), nil); err != nil {
			return err
		}
		defer speakers[i].hangUp()
		if err := speakers[i].join(ctx, w.room); err != nil {
			return err
		}
	}
	for round := range r.size.rounds {
		if err := r.speakAtOnce(ctx, w.room, speakers, round); err != nil {
			return err
		}
		last := int64((round + 1) * together)
		if !r.eventually(ctx, w.room, func() string {
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

// speakAtOnce lets each of some speak, within a few milliseconds.
func (r *run) speakAtOnce(ctx context.Context, room string, speakers []*member, round int) error {
	failures := make([]error, len(speakers))
	atOnce(len(speakers), len(speakers), func(i int) {
		wait := r.chance("wait in "+room, round*len(speakers)+i).Float64()
		_ = pause(ctx, time.Duration(wait*float64(8*time.Millisecond)))
		said, err := speakers[i].say(ctx, room, fmt.Sprintf("round %d of %d in %s", round, i, room))
		r.note(room, speakers[i].user, "was acknowledged %d, %v", said.Seq, err)
		failures[i] = err
	})
	return errors.Join(failures...)
}
