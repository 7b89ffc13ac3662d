package wiring

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"wsecho/domain"
)

// must returns a setting. A Lambda without it cannot do its work, so its start fails and names it.
func must(name string) string {
	value := os.Getenv(name)
	if value == "" {
		stop("the environment variable %s is missing", name)
	}
	return value
}

// number returns a setting that is a positive number.
func number(name string) float64 {
	value, err := strconv.ParseFloat(must(name), 64)
	if err != nil || value <= 0 {
		stop("the environment variable %s must be a positive number, not %q", name, os.Getenv(name))
	}
	return value
}

// stop ends the process at its start; the Lambda service reports the exit, the log has the reason.
func stop(format string, args ...any) {
	logger().Error(fmt.Sprintf(format, args...))
	os.Exit(1)
}

// logger writes JSON with the id of the Lambda's request. AWS_LAMBDA_LOG_LEVEL sets its level.
func logger() *slog.Logger { return lambdacontext.NewLogger() }

// authenticator is the one that AUTH_MODE names.
func authenticator() domain.Authenticator {
	mode := must("AUTH_MODE")
	if mode != "open" {
		stop("AUTH_MODE is %q, it must be open", mode)
	}
	return domain.Open{}
}

// awsConfig reads what the Lambda service always sets. The SDK's own loader looks in files and services that a
// Lambda does not have, which costs milliseconds at every cold start.
func awsConfig() aws.Config {
	config := aws.Config{
		Region: must("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
				Source:          "environment",
			}, nil
		}),
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	return config
}

// queue is the one that QUEUE_URL names.
func queue() domain.Queue {
	must("QUEUE_URL")
	return nil
}
