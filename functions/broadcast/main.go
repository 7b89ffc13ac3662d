// Command broadcast is the Lambda that serves broadcast: it sends a message to everybody else.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Broadcast()) }
