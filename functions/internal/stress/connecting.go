package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// connecting lets clients connect and join while somebody broadcasts all the time, and wants them to be there.
func (r *run) connecting(ctx context.Context) error {
	witnesses, err := r.watchAll(ctx, 4)
	if err != nil {
		return err
	}
	herald, err := r.connect(ctx, "herald", nil)
	if err != nil {
		return err
	}
	defer herald.hangUp()
	ctx2, stop := context.WithCancel(ctx)
	defer stop()
	var broadcasting sync.WaitGroup
	broadcasting.Go(func() {
		for i := 0; ctx2.Err() == nil; i++ {
			_, _ = herald.ask(ctx2, answerTime, "broadcast", map[string]any{"data": i})
		}
	})
	r.comeAndStay(ctx, witnesses)
	stop()
	broadcasting.Wait()
	herald.hangUp()
	return r.leaveNothing(ctx, witnesses)
}

// comeAndStay lets clients connect, and each be told something over the connection that it has.
func (r *run) comeAndStay(ctx context.Context, witnesses []*witness) {
	atOnce(r.size.arrivals(), 8, func(i int) {
		w := witnesses[i%len(witnesses)]
		told := make(chan struct{}, 100)
		m, err := r.connect(ctx, fmt.Sprintf("arrival-%d", i), func(p reply) {
			if p.Type == "direct" {
				told <- struct{}{}
			}
		})
		if err == nil {
			defer m.hangUp()
			err = m.join(ctx, w.room)
		}
		if err != nil {
			r.violated(w.room, "arrival-%d has an open connection that the registry lost: %v", i, err)
			return
		}
		if _, err = w.insist(ctx, "tell", map[string]any{"to": map[string]any{"connection": m.id}, "data": i}); err != nil {
			r.violated(w.room, "arrival-%d has an open connection, and cannot be told anything: %v", i, err)
			return
		}
		select {
		case <-told:
		case <-time.After(patience):
			r.violated(w.room, "arrival-%d was not told what was acknowledged", i)
		}
	})
}

// arrivals is how many connect in the act of that name.
func (s size) arrivals() int { return max(150, s.connects/20) }
