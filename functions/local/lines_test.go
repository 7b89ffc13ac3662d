package main

import (
	"fmt"
	"slices"
)

// heard is what a client has heard of rooms. A relay may push a line twice, and pushes a line to whoever said it if it
// is in a frame with those of others: so what a client has, it drops by epoch and number, as every client must.
type heard struct {
	had   map[string]bool  // By epoch and number.
	fresh []map[string]any // Those that no test has looked at.
}

// line returns the next line that the client had not got yet, with its room and epoch.
func (c *client) line() map[string]any {
	c.T.Helper()
	for len(c.heard.fresh) == 0 {
		c.receive("messages")
	}
	next := c.heard.fresh[0]
	c.heard.fresh = c.heard.fresh[1:]
	return next
}

// hear takes what a message has of rooms: a push, a page, or the place of what the client itself said.
func (c *client) hear(message map[string]any) {
	c.T.Helper()
	epoch, _ := message["epoch"].(string)
	entries, _ := message["messages"].([]any)
	for _, e := range entries {
		entry := e.(map[string]any)
		if isNew := c.heard.take(epoch, entry); isNew && message["type"] == "messages" && entry["void"] == nil {
			entry["room"], entry["epoch"] = message["room"], epoch
			c.heard.fresh = append(c.heard.fresh, entry)
		}
	}
	switch {
	case message["type"] == "messages" && !ascends(entries):
		c.T.Errorf("a frame does not ascend: %v", message)
	case message["type"] == "ack" && message["messageId"] != nil && message["seq"] != nil:
		c.heard.take(epoch, message)
		c.heard.fresh = slices.DeleteFunc(c.heard.fresh, func(l map[string]any) bool { return l["messageId"] == message["messageId"] })
	}
}

// take tells whether an entry is new.
func (l *heard) take(epoch string, entry map[string]any) bool {
	place := fmt.Sprint(epoch, entry["seq"])
	if l.had[place] {
		return false
	}
	if l.had == nil {
		l.had = map[string]bool{}
	}
	l.had[place] = true
	return true
}

// ascends tells whether there are entries and each has a higher number than the one before.
func ascends(entries []any) bool {
	last := 0.0
	for _, e := range entries {
		seq, _ := e.(map[string]any)["seq"].(float64)
		if seq <= last {
			return false
		}
		last = seq
	}
	return last > 0
}
