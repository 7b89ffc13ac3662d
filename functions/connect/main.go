// Command connect is the Lambda that serves $connect: it registers connections.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Connect())
}
