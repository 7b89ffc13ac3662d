// Command echo is the Lambda that serves echo: it answers its sender.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Echo())
}
