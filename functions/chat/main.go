// Command chat is the Lambda that serves all routes of chat: rooms, presence, direct messages and history.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"wsecho/functions/internal/wiring"
)

func main() {
	lambda.Start(wiring.Chat())
}
