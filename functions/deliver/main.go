// Command deliver is the Lambda behind the queue: it works on deliveries, its own service's and other services'.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Deliver())
}
