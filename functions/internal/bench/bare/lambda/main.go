// Command lambda is the smallest Lambda there is: it answers every event alike.
package main

import "github.com/aws/aws-lambda-go/lambda"

func main() {
	lambda.Start(func() (map[string]int, error) { return map[string]int{"statusCode": 200}, nil })
}
