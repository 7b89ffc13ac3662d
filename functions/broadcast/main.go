// Command broadcast is the Lambda that serves broadcast: it sends a message to everybody else.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Broadcast())
}
