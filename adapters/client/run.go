package client

import (
	"context"
	"time"
)

const (
	// stable is how long a connection must last for the next attempt to come soon.
	stable = 30 * time.Second
	// life is how long API Gateway lets a connection live.
	life = 2 * time.Hour
	// rotation is within which a connection is replaced before its end, or within a quarter of its life if that is less.
	rotation = 10 * time.Minute
	// moving is how long all rooms may take to move to the connection that takes another one's place.
	moving = time.Minute
)

// run keeps the client connected until it is closed or refused for good.
func (c *Client) run(l *link) {
	for attempt := 0; c.ctx.Err() == nil; {
		if l != nil {
			began := time.Now()
			if l = c.serve(l); time.Since(began) >= stable {
				attempt = 0
			}
			continue
		}
		if !pause(min(backoff(attempt), c.options.MaxWait), c.ctx.Done(), nil) {
			return
		}
		attempt++
		var err error
		if l, err = c.dial(c.ctx); err != nil {
			c.report(err)
			continue
		}
		c.adopt(l)
	}
}

// report tells of a failure to connect, and ends the client if that is final.
func (c *Client) report(err error) {
	if c.ctx.Err() != nil {
		return
	}
	if final(err) {
		c.stop(err)
	}
	c.notify(err)
}

func (c *Client) notify(err error) {
	if c.options.OnConnection != nil {
		c.options.OnConnection(err)
	}
}

// adopt makes a connection the one in use.
func (c *Client) adopt(l *link) {
	c.mu.Lock()
	c.link, c.welcome = l, l.welcome
	c.mine[l.welcome.ConnectionID] = true
	c.changed.fire()
	rooms := c.roomsOff(l)
	c.mu.Unlock()
	for _, r := range rooms {
		c.spawn(func() { c.enter(r, l) })
	}
	c.spawn(func() { c.keepAlive(l) })
	c.notify(nil)
}

// serve waits for the end of a connection, and opens the next one shortly before. It returns that one, which is in use,
// or nil.
func (c *Client) serve(l *link) *link {
	for wait, attempt := rotateAfter(l), 0; pause(wait, l.done, nil); attempt++ {
		next, err := c.dial(c.ctx)
		if err == nil && c.move(l, next) {
			return next
		}
		if final(err) {
			<-l.done // It is good until then.
		} else if err != nil {
			c.notify(err)
		}
		wait = backoff(attempt)
	}
	c.lost(l)
	return nil
}

// move enters all rooms on the next connection and only then leaves the old one, so that everything comes on one at
// least. It tells whether the next one lasted.
func (c *Client) move(old, next *link) bool {
	c.mu.Lock()
	c.mine[next.welcome.ConnectionID] = true
	rooms := c.roomsOff(next)
	c.mu.Unlock()
	entered := make(chan struct{}, len(rooms))
	for _, r := range rooms {
		c.spawn(func() { c.enter(r, next); entered <- struct{}{} })
	}
	ctx, cancel := context.WithTimeout(c.ctx, moving)
	defer cancel()
	for range rooms {
		select {
		case <-entered:
		case <-ctx.Done():
		case <-old.done:
		case <-next.done:
		}
	}
	if !next.alive() {
		c.returned(old, next)
		return false
	}
	c.adopt(next)
	c.spawn(old.retire)
	return true
}

// returned goes on with a connection whose replacement ended.
func (c *Client) returned(old, next *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.rooms {
		if r.link == next {
			r.link = old
		}
	}
	c.changed.fire()
}

// lost notes that the connection in use has ended.
func (c *Client) lost(l *link) {
	c.mu.Lock()
	if c.link == l {
		c.link = nil
	}
	for _, r := range c.rooms {
		if r.link == l {
			r.link = nil
		}
	}
	c.changed.fire()
	c.mu.Unlock()
	if c.ctx.Err() == nil {
		c.notify(disconnected("the connection ended", l.why))
	}
}

// roomsOff are the rooms that are not joined on a connection. c.mu is held.
func (c *Client) roomsOff(l *link) (rooms []*Room) {
	for _, r := range c.rooms {
		if r.link != l {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// rotateAfter is how long to use a connection. Its life is reckoned by the service's clock alone: this machine's may be
// wrong.
func rotateAfter(l *link) time.Duration {
	lasts := l.welcome.ExpiresAt.Sub(l.welcome.ConnectedAt)
	if l.welcome.ExpiresAt.IsZero() || lasts <= 0 || lasts > life {
		lasts = life
	}
	margin := min(rotation, lasts/4)
	return max(lasts-jitter(margin/2, margin), time.Second)
}
