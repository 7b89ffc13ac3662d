package client

import (
	"encoding/json"
	"slices"
	"time"
)

// Push is what the service sent without being asked. Nobody keeps it: who is not connected misses it.
type Push struct {
	// Type says what it is: "direct" and "broadcast" from others, "push" from another service of the team, "joined" and
	// "left" of a room, or what an extension sends. "error", or none, is an error that belongs to no request.
	Type string
	// Raw is all of it, as it came.
	Raw json.RawMessage

	// Of direct, broadcast and push, which come once each. From is not for push, and Audience only for it.
	MessageID string
	From      Origin
	Audience  string
	Data      json.RawMessage
	At        time.Time

	// Of joined and left.
	Room, User, Connection string
}

// Origin is who sent something; the service says so, not the sender.
type Origin struct {
	User       string `json:"user"`
	Connection string `json:"connection"`
}

// receive takes what came unasked on a connection.
func (c *Client) receive(l *link, f frame) {
	switch f.Type {
	case "messages":
		c.hear(f)
		return
	case "error":
		c.repeatable(f.refusal(), l, nil) // The service may say to nobody's question that the token has expired.
	}
	p := Push{Type: f.Type, Raw: f.raw}
	switch f.Type {
	case "direct", "broadcast", "push":
		if f.decode(&p) != nil || !c.isNew(p.MessageID) {
			return
		}
	case "joined", "left":
		if f.decode(&p) != nil {
			return
		}
	}
	if c.options.OnPush != nil {
		c.options.OnPush(p)
	}
}

func (c *Client) isNew(messageID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen.add(messageID)
}

// remembered is how many ids of messages are kept to drop repetitions of what has no number.
const remembered = 1000

// recent are the last ids of messages without a number.
type recent struct {
	known map[string]bool
	order []string
}

// add tells whether an id is new.
func (r *recent) add(id string) bool {
	if r.known[id] {
		return false
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	r.known[id] = true
	if r.order = append(r.order, id); len(r.order) > remembered {
		delete(r.known, r.order[0])
		r.order = slices.Delete(r.order, 0, 1)
	}
	return true
}
