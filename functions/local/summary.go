package main

import (
	"fmt"
	"strings"

	"wsecho/adapters/memory"
	"wsecho/functions/internal/wiring"
)

// summary says what the program posted and how far behind its workers were, in the form name=number: all posts, those
// that the gateway answered 429, those that had no answer in time, and for each queue how many
// deliveries waited there at most.
func (s *server) summary() string {
	var text strings.Builder
	fmt.Fprintf(&text, "posts=%d throttled=%d unanswered=%d longest-queue=%d",
		s.posts.posts.Load(), s.posts.throttled.Load(), s.posts.unanswered.Load(), s.queue.Longest())
	for _, e := range wiring.Extensions() {
		if own, ok := s.parts.Queues[e.Name].(*memory.Queue); ok {
			fmt.Fprintf(&text, " longest-%s-queue=%d", e.Worker.Name, own.Longest())
		}
	}
	return text.String()
}
