package wiring

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"wsecho/adapters/dynamodb"
)

// TestServicesElsewhere: the variables of AWS's SDKs lead the client of each service to a server of its own.
func TestServicesElsewhere(t *testing.T) {
	const database, queues, all = "http://127.0.0.1:8000", "http://127.0.0.1:9324", "http://127.0.0.1:4566"
	for _, test := range []struct {
		variables    map[string]string
		table, queue string
	}{
		{nil, "", ""},
		{map[string]string{"AWS_ENDPOINT_URL": all}, all, all},
		{map[string]string{"AWS_ENDPOINT_URL_DYNAMODB": database, "AWS_ENDPOINT_URL_SQS": queues}, database, queues},
		{map[string]string{"AWS_ENDPOINT_URL": all, "AWS_ENDPOINT_URL_SQS": queues}, all, queues},
	} {
		t.Setenv("AWS_ENDPOINT_URL", test.variables["AWS_ENDPOINT_URL"]) // The SDK itself looks whether it is there.
		for _, name := range []string{"AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_DYNAMODB"} {
			t.Setenv(name, test.variables[name])
		}
		config, err := environment{getenv: func(name string) string {
			if name == "AWS_REGION" {
				return "eu-central-1"
			}
			return test.variables[name]
		}}.aws()
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(dynamodb.NewClient(config).Options().BaseEndpoint); got != test.table {
			t.Errorf("with %v DynamoDB is at %q, want %q", test.variables, got, test.table)
		}
		if got := aws.ToString(sqs.NewFromConfig(config).Options().BaseEndpoint); got != test.queue {
			t.Errorf("with %v SQS is at %q, want %q", test.variables, got, test.queue)
		}
	}
}
