// Command relay is the Lambda behind the queue of rooms: it posts the frames of large ones, and goes on with those that
// whoever spoke had no more time for.
package main

import (
	"wsecho/adapters/chat"
	"wsecho/functions/internal/wiring"
)

func main() { wiring.Start(wiring.Worker(chat.Extension())) }
