package memory_test

import (
	"testing"

	"wsecho/adapters/memory"
	"wsecho/domain/chat/chattest"
)

func TestChatLog(t *testing.T) {
	chattest.TestStore(t, func(*testing.T) chattest.Store { return new(memory.ChatLog) })
}
