package chatmemory_test

import (
	"testing"

	"wsecho/adapters/chat/chatmemory"
	"wsecho/domain/chat/chattest"
)

func TestRelays(t *testing.T) {
	chattest.TestRelays(t, func(*testing.T) chattest.RelayStore { return new(chatmemory.Store) })
}
