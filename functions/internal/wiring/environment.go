package wiring

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/sqs"
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

// limit returns a setting that is a whole number, of which 0 is no limit.
func limit(name string) int {
	value, err := strconv.Atoi(must(name))
	if err != nil || value < 0 {
		stop("the environment variable %s must be a whole number, 0 or more, not %q", name, os.Getenv(name))
	}
	return value
}

// stop ends the process at its start; the Lambda service reports the exit, the log has the reason.
func stop(format string, args ...any) {
	lambdacontext.NewLogger().Error(fmt.Sprintf(format, args...))
	os.Exit(1)
}

// authFromEnvironment reads who may connect. Only AUTH_MODE is needed in every mode.
func authFromEnvironment() Auth {
	return Auth{
		Mode:          must("AUTH_MODE"),
		Issuer:        os.Getenv("JWT_ISSUER"),
		Audience:      os.Getenv("JWT_AUDIENCE"),
		KeySet:        os.Getenv("JWKS_URL"),
		DefaultGrants: os.Getenv("JWT_DEFAULT_GRANTS"),
		Origins:       os.Getenv("ALLOWED_ORIGINS"),
		QueryToken:    flag("ALLOW_QUERY_TOKEN"),
	}
}

// flag returns a setting that is true or false; missing is false.
func flag(name string) bool {
	switch value := os.Getenv(name); value {
	case "true":
		return true
	case "", "false":
		return false
	default:
		stop("the environment variable %s must be true or false, not %q", name, value)
		return false
	}
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

// queue is the one that QUEUE_URL names. It is for what is new: it has no other road for retries, and buries nothing.
func queue() *sqs.Queue {
	return &sqs.Queue{Client: sdk.NewFromConfig(awsConfig()), URL: must("QUEUE_URL")}
}

// queues are queue and the one that RETRY_QUEUE_URL names.
func queues() *sqs.Queue {
	q := queue()
	q.RetryURL = must("RETRY_QUEUE_URL")
	return q
}
