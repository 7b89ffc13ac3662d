package chatmemory_test

import (
	"testing"

	"wsecho/adapters/chat/chatmemory"
	"wsecho/domain/chat/chattest"
)

func TestStore(t *testing.T) {
	chattest.TestStore(t, func(*testing.T) chattest.Store { return new(chatmemory.Store) })
}
