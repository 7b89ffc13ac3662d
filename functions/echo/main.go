// Command echo is the Lambda that serves echo: it answers its sender.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Echo()) }
