// Command gofunction is the Go function of the tests. An event says what it has to do.
package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string `json:"do"`
	Bytes int    `json:"bytes"`
	N     int    `json:"n"`
}

func main() {
	switch os.Getenv("INIT") {
	case "exit":
		os.Stderr.WriteString("no table\n")
		os.Exit(3)
	case "quit":
		os.Exit(0)
	case "hang":
		select {}
	case "children":
		child := exec.Command("sleep", "1000")
		if err := child.Start(); err != nil {
			panic(err)
		}
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "exit":
		os.Exit(e.N)
	case "exit later":
		go os.Exit(1)
		time.Sleep(time.Minute)
	case "hang":
		time.Sleep(time.Hour)
	case "panic":
		panic("at the disco")
	case "fail":
		return nil, errors.New("Unauthorized")
	case "big":
		return strings.Repeat("x", e.Bytes), nil
	case "env":
		return os.Environ(), nil
	case "pid":
		return os.Getpid(), nil
	case "wait":
		return os.Getpid(), wait(os.Getenv("GATE"))
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "left": time.Until(deadline).Milliseconds()}, nil
	case "log":
		os.Stdout.WriteString("one\n" + strings.Repeat("x", e.Bytes) + "\nthree\n")
	}
	return e, nil
}

// wait returns when the file can be opened for reading: it is a named pipe that a test opens for writing.
func wait(gate string) error {
	f, err := os.Open(gate)
	if err != nil {
		return err
	}
	return f.Close()
}
