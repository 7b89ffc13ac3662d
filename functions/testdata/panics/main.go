// Command panics is a function that panics at every event: what is left of it is in the log.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(context.Context, any) (any, error) { panic("out of tea") })
}
