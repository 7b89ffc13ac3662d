package client

import (
	"encoding/json"
	"slices"
	"time"
)

const (
	// afterWord is when to ping after the last word: whoever was to push it may have died, and a ping lets another do it.
	afterWord = 5 * time.Second
	// maxIdle is how often something is sent without rooms, too: API Gateway closes connections that are idle for 10
	// minutes.
	maxIdle = 5 * time.Minute
)

// keepAlive pings now and then, and once after the last word, until a connection ends.
func (c *Client) keepAlive(l *link) {
	interval := func() time.Duration { return jitter(c.options.Ping*4/5, c.options.Ping*6/5) }
	regular, word := time.NewTimer(interval()), time.NewTimer(afterWord)
	word.Stop()
	defer regular.Stop()
	defer word.Stop()
	for pinged := time.Now(); ; {
		select {
		case <-l.done:
			return
		case <-l.spoke:
			word.Reset(afterWord)
		case <-word.C:
			c.look(l)
		case <-regular.C:
			if len(c.roomsOn(l)) > 0 || time.Since(pinged) >= maxIdle {
				pinged = time.Now()
				c.look(l)
			}
			regular.Reset(interval())
		}
	}
}

// spokeNow has a ping follow what was said. Without an answer, too, it may be stored.
func (c *Client) spokeNow() {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l == nil {
		return
	}
	select {
	case l.spoke <- struct{}{}:
	default:
	}
}

// look asks for the heads of the rooms on a connection: what is missing at the end of a room shows in no gap. It asks
// twice if nothing comes, which ends a connection that is dead.
func (c *Client) look(l *link) {
	for range 2 {
		fields := map[string]any{}
		if rooms := c.roomsOn(l); len(rooms) > 0 {
			fields["rooms"] = rooms
		}
		f, err := l.ask(c.ctx, "ping", fields)
		if err == nil {
			c.noteHeads(f)
			return
		}
		if c.repeatable(err, l, c.roomOf(err)); CodeOf(err) != CodeTimeout {
			return
		}
	}
}

// roomsOn are the names of the rooms that are joined on a connection.
func (c *Client) roomsOn(l *link) (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, r := range c.rooms {
		if r.link == l {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// noteHeads takes the answer to a ping.
func (c *Client) noteHeads(f frame) {
	var pong struct {
		Rooms map[string]struct {
			Epoch string
			Seq   int64
		}
	}
	if f.decode(&pong) != nil {
		return
	}
	for name, head := range pong.Rooms {
		c.learn(name, func(s *sequence) (another bool) { return s.noteHead(head.Epoch, head.Seq) })
	}
}

// roomOf is the room that a refusal is about; nil if it names none that is joined.
func (c *Client) roomOf(err error) *Room {
	var details struct{ Room string }
	if e, ok := err.(*Error); ok {
		_ = json.Unmarshal(e.Details, &details)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[details.Room]
}
