// Command default is the Lambda that serves $default: it refuses what no other route serves.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Default())
}
