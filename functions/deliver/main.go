// Command deliver is the Lambda behind the queue: it works on deliveries, its own service's and other services'.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Deliver()) }
