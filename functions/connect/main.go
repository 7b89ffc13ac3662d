// Command connect is the Lambda that serves $connect: it registers connections.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Connect()) }
