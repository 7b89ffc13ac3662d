// Package dynamodb keeps connections, memberships and limits in one DynamoDB table: domain.Registry, domain.Memberships
// and domain.Quotas. Extensions keep their rows in the same table, with what this package exports.
//
// A connection's row is also its membership of Everyone; every other audience has a row for each member. Where a
// member stands on the ring is the beginning of its sort key, so that a span of positions is one query. See keys.go
// for the keys and row.go for the attributes.
//
// All requests are made by the methods of Table that requests.go and query.go have. The package decides nothing that is
// the domain's to decide. It repeats what may succeed when repeated (see attempts.go), and translates DynamoDB's errors
// into the domain's: what cannot be had at the moment is an error that wraps domain.ErrUnavailable.
package dynamodb

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Table is the table that the types of this package work on. It is a value, shared by all of them, and safe for
// concurrent use.
type Table struct {
	// Client comes from NewClient: one that repeats requests by itself would hide which outcomes are unknown.
	Client *sdk.Client
	// Name is the table's name or ARN.
	Name string
	// Timeout is how long a request may take with all its repetitions; one attempt may take a third of it. Zero is
	// six seconds: time for two attempts that hang and a third one, within the ten seconds of a Lambda function.
	// DynamoDB itself answers within tens of milliseconds.
	Timeout time.Duration
	// Logger is told of rows that cannot be read; nil is slog.Default.
	Logger *slog.Logger
}

const defaultTimeout = 6 * time.Second

// idleConnections is how many connections stay open between requests. The SDK keeps ten to a host, fewer than the
// queries that Members runs at the same time.
const idleConnections = 64

// NewClient returns a client with the settings that this package counts on:
//   - It tries each request once. This package repeats them itself, because the SDK repeats no transaction that
//     collided with another, and does not tell whether an attempt that failed may have been applied all the same.
//     Nor do its retries share a budget over all requests of the client, which a busy local program would use up.
//   - It has no time-outs of its own: every attempt has one, that of Table.Timeout.
//   - It keeps more connections open, unless config has an HTTP client already.
//
// Options come last: to use another endpoint, set Options.BaseEndpoint.
func NewClient(config aws.Config, options ...func(*sdk.Options)) *sdk.Client {
	if config.HTTPClient == nil {
		config.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = idleConnections
		})
	}
	once := func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} }
	return sdk.NewFromConfig(config, append([]func(*sdk.Options){once}, options...)...)
}

// LocalConfig is a config for a server that is compatible with DynamoDB and believes any credentials, at a base URL
// such as http://127.0.0.1:8000.
func LocalConfig(url string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	}
}
