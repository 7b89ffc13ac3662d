// Command chat is the Lambda that serves all routes of chat: rooms, presence, direct messages and history.
package main

import (
	"wsecho/adapters/chat"
	"wsecho/functions/internal/wiring"
)

func main() { wiring.Start(wiring.Extension(chat.Extension())) }
