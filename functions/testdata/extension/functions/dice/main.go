// Command dice is the Lambda that serves dice.
package main

import (
	"wsecho/adapters/dice"
	"wsecho/functions/internal/wiring"
)

func main() { wiring.Start(wiring.Extension(dice.Extension())) }
