package client

import "context"

// joinsAtOnce is how many rooms are joined at a time: on a slow line twenty full pages at once would all be late.
const joinsAtOnce = 2

// enter joins a room on a connection, from where this client has its messages, unless that is under way.
func (c *Client) enter(r *Room, l *link) {
	c.mu.Lock()
	under := r.entering[l]
	r.entering[l] = true
	c.mu.Unlock()
	if under {
		return
	}
	p, joined := c.keepJoining(r, l)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(r.entering, l) // In one with what follows: a refusal of what is asked next has it joined again.
	if !joined || r.err != nil {
		return
	}
	if r.link == nil || r.link.number < l.number {
		r.link = l
	}
	r.sequence.enter(p)
	c.changed.fire()
}

// keepJoining asks to join until that succeeds, is refused for good, or is in vain.
func (c *Client) keepJoining(r *Room, l *link) (p page, joined bool) {
	for attempt := 0; l.alive() && c.wants(r); attempt++ {
		p, err := c.join(r, l)
		if err == nil {
			c.leaveUnwanted(r, l)
			return p, true
		}
		if !c.repeatable(err, l, nil) {
			if c.ctx.Err() == nil {
				r.end(err)
			}
			return p, false
		}
		pause(waitAfter(err, attempt), l.done, c.ctx.Done())
	}
	return p, false
}

// leaveUnwanted leaves a room that was left while it was being joined, unless it is being joined again.
func (c *Client) leaveUnwanted(r *Room, l *link) {
	c.mu.Lock()
	unwanted := r.err != nil && c.rooms[r.name] == nil
	c.mu.Unlock()
	if unwanted {
		_, _ = l.ask(c.ctx, "leave", map[string]any{"room": r.name})
	}
}

// reenter has a room joined again, on a connection that the service says is no member. It tells whether that is under
// way, or done.
func (c *Client) reenter(r *Room, l *link) bool {
	c.mu.Lock()
	if r.link == l {
		r.link = nil
	}
	c.mu.Unlock()
	return c.wants(r) && c.spawn(func() { c.enter(r, l) })
}

func (c *Client) wants(r *Room) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ctx.Err() == nil && r.err == nil
}

func (c *Client) join(r *Room, l *link) (p page, err error) {
	select {
	case l.joining <- struct{}{}:
		defer func() { <-l.joining }()
	case <-l.done:
		return p, disconnected("the connection ended", l.why)
	}
	f, err := l.ask(c.ctx, "join", r.resume())
	if err == nil {
		err = f.decode(&p)
	}
	return p, err
}

// resume is what to join with: the position to resume from, if there is one.
func (r *Room) resume() map[string]any {
	r.client.mu.Lock()
	defer r.client.mu.Unlock()
	fields := map[string]any{"room": r.name}
	if r.sequence.begun() {
		fields["epoch"], fields["after"] = r.sequence.position()
	}
	return fields
}

// hear takes a push of a room's messages.
func (c *Client) hear(f frame) {
	var pushed struct {
		Room, Epoch string
		Messages    []entry
	}
	if f.decode(&pushed) == nil {
		c.learn(pushed.Room, func(s *sequence) bool { return s.push(pushed.Epoch, pushed.Messages) })
	}
}

// learn tells a room's sequence something. If that is of another log, joining again brings its newest page; without a
// connection the next one does that.
func (c *Client) learn(name string, tell func(*sequence) (another bool)) {
	c.mu.Lock()
	r := c.rooms[name]
	if r == nil {
		c.mu.Unlock()
		return
	}
	another, l := tell(&r.sequence), r.link
	c.changed.fire()
	c.mu.Unlock()
	if another && l != nil {
		c.reenter(r, l)
	}
}

// mend takes a page of what follows, or the refusal of history, and tells whether the room goes on from there.
func (r *Room) mend(ctx context.Context) (err error) {
	c := r.client
	c.mu.Lock()
	fields := map[string]any{"room": r.name, "after": r.sequence.next - 1}
	if r.sequence.epoch != "" {
		fields["epoch"] = r.sequence.epoch
	}
	c.mu.Unlock()
	var p page
	err = c.obtain(ctx, request{action: "history", fields: fields, room: r}, &p)
	if CodeOf(err) == "unrecoverable_position" {
		return r.cut(err)
	}
	if err == nil {
		c.learn(r.name, func(s *sequence) bool { return s.follow(p) })
	}
	return err
}
