package main

import (
	"strconv"

	"wsecho/adapters/chat"
	"wsecho/adapters/chat/chatmemory"
)

// stores are where extensions keep in memory what they keep in the table where they are deployed.
func stores() map[string]any {
	return map[string]any{
		chat.Extension().Name: new(chatmemory.Store),
	}
}

// setting returns what extensions read from the environment where they are deployed.
func (o options) setting(name string) string {
	return map[string]string{
		"HISTORY_DAYS": strconv.Itoa(o.historyDays),
	}[name]
}
