// Command disconnect is the Lambda that serves $disconnect: it forgets connections.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Disconnect()) }
