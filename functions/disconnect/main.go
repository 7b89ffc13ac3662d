// Command disconnect is the Lambda that serves $disconnect: it forgets connections.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Disconnect())
}
