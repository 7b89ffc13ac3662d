// Command default is the Lambda that serves $default: it refuses what no other route serves.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Default()) }
