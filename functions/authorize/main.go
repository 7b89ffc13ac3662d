// Command authorize is the Lambda that decides who may connect.
package main

import "wsecho/functions/internal/wiring"

func main() { wiring.Start(wiring.Authorize()) }
