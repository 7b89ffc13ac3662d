// Package elasticmq runs ElasticMQ, a server that speaks SQS, for tests: one server, in memory, for all tests of a
// binary, and queues of its own for each test.
package elasticmq

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/internal/testserver"
	"wsecho/adapters/sqs"
)

var server = testserver.Java{
	Name: "ElasticMQ", Target: "tools-sqs", Folder: "elasticmq",
	Arguments: func(port int) []string {
		return []string{
			"-Drest-sqs.bind-hostname=127.0.0.1", fmt.Sprintf("-Drest-sqs.bind-port=%d", port),
			"-Dnode-address.host=127.0.0.1", fmt.Sprintf("-Dnode-address.port=%d", port),
			"-Drest-stats.enabled=false", "org.elasticmq.server.Main",
		}
	},
}

var queues atomic.Int64

// Start returns the base URL of the server; see testserver.Java for when it runs and when the test is skipped.
func Start(t testing.TB) (url string) {
	t.Helper()
	return server.Start(t)
}

// NewClient returns a client of the server. Options change it, to observe or disturb what passes through it.
func NewClient(t testing.TB, options ...func(*sdk.Options)) *sdk.Client {
	t.Helper()
	local := func(o *sdk.Options) {
		o.BaseEndpoint = aws.String(Start(t))
		o.Region = "eu-central-1"
		o.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
	}
	return sdk.New(sdk.Options{}, append([]func(*sdk.Options){local}, options...)...)
}

// NewQueue creates a queue, the one for its retries and their dead-letter queue, set up as the deployed ones are but for their times: what was
// not done within a second is handed out again, and dead-lettered after the fifth time.
func NewQueue(t testing.TB, options ...func(*sdk.Options)) *sqs.Queue {
	t.Helper()
	client := NewClient(t, options...)
	name := fmt.Sprintf("test-%d", queues.Add(1))
	dead := create(t, client, name+"-dead", nil)
	redrive, err := json.Marshal(map[string]any{
		"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:000000000000:" + name + "-dead", "maxReceiveCount": 5,
	})
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]string{"VisibilityTimeout": "1", "RedrivePolicy": string(redrive)}
	return &sqs.Queue{
		Client: client, URL: create(t, client, name, attributes), RetryURL: create(t, client, name+"-retry", attributes),
		DeadLetterURL: dead,
	}
}

func create(t testing.TB, client *sdk.Client, name string, attributes map[string]string) (url string) {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: aws.String(name), Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.QueueUrl)
}
