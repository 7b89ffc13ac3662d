// Command gofunction is the Go function of the tests: it answers with the body of an event, or does what that says.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(_ context.Context, r events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	if err := record(r.Body); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	switch what, _, _ := strings.Cut(r.Body, " "); what {
	case "crash":
		os.Exit(1)
	case "hang":
		time.Sleep(time.Hour)
	case "env":
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: strings.Join(os.Environ(), "\n")}, nil
	}
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: r.Body}, nil
}

// record notes what was received, if there is a file for it.
func record(body string) error {
	name := os.Getenv("RECORD")
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, body)
	return err
}
