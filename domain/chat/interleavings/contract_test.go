package interleavings

import (
	"sync"
	"testing"

	"wsecho/domain/chat/chattest"
	"wsecho/domain/domaintest"
)

// TestStore holds the fake to what every store keeps.
func TestStore(t *testing.T) {
	domaintest.TestStore(t, func(*testing.T) domaintest.Store { return store{new(direct)} })
}

// TestChatLog does so for the logs of rooms.
func TestChatLog(t *testing.T) {
	chattest.TestStore(t, func(*testing.T) chattest.Store { return store{new(direct)} })
}

// TestRelays does so for who relays them.
func TestRelays(t *testing.T) {
	chattest.TestRelays(t, func(*testing.T) chattest.RelayStore { return store{new(direct)} })
}

// direct does steps as they come.
type direct struct {
	mu sync.Mutex // Guards what follows.
	world
}

func (d *direct) do(s step) seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, got := s.apply(d.world)
	d.world = next
	return seen{answer: got}
}
