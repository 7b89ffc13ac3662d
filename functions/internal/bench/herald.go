package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// herald broadcasts, and tells somebody else something, while rooms talk.
type herald struct {
	interval           time.Duration
	broadcasts, direct arrivals

	speaker, hearer *client
	reading         sync.WaitGroup
	failures        chan error
}

func (h *herald) connect(ctx context.Context, url string) (err error) {
	h.failures = make(chan error, 2)
	if h.speaker, err = dial(ctx, url+"?user=herald"); err != nil {
		return err
	}
	if h.hearer, err = dial(ctx, url+"?user=hearer"); err != nil {
		return err
	}
	for _, c := range []*client{h.speaker, h.hearer} {
		h.reading.Go(func() { h.failures <- h.read(c) })
	}
	return nil
}

// run sends one of both at once and then after each interval, for a time.
func (h *herald) run(ctx context.Context, lasts time.Duration) error {
	end := time.Now().Add(lasts)
	for n := 1; time.Now().Before(end); n++ {
		h.broadcasts.send(n)
		h.direct.send(n)
		for _, text := range []string{
			fmt.Sprintf(`{"action":"broadcast","data":{"number":%d}}`, n),
			fmt.Sprintf(`{"action":"tell","to":{"user":"hearer"},"data":{"number":%d}}`, n),
		} {
			if err := h.speaker.send(message(text)); err != nil {
				return err
			}
		}
		if err := pause(ctx, h.interval); err != nil {
			return nil
		}
	}
	return nil
}

// read takes what one of the two gets, until it hangs up.
func (h *herald) read(c *client) error {
	for {
		text, err := c.receive()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := parseReply(text)
		now := time.Now()
		switch {
		case err != nil:
			return err
		case r.failed():
			return fmt.Errorf("the herald was answered %s", text)
		case r.Type == "broadcast":
			h.broadcasts.note(r.Data.Number, now)
		case r.Type == "direct":
			h.direct.note(r.Data.Number, now)
		}
	}
}

// wait returns when everybody has everything, or after a time.
func (h *herald) wait(ctx context.Context, most time.Duration) {
	for end := time.Now().Add(most); h.broadcasts.lacking()+h.direct.lacking() > 0 && time.Now().Before(end); {
		if pause(ctx, 20*time.Millisecond) != nil {
			return
		}
	}
}

// hangUp ends both connections.
func (h *herald) hangUp() error {
	h.speaker.conn.Close()
	h.hearer.conn.Close()
	h.reading.Wait()
	return errors.Join(<-h.failures, <-h.failures)
}
