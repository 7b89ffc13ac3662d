// Command authorize is the Lambda that decides who may connect.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Authorize())
}
