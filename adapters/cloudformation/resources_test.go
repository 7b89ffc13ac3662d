package cloudformation_test

import (
	"encoding/json"
	"testing"

	"wsecho/adapters/cloudformation"
)

// TestResources: what a caller asks for, with its name, and its properties without intrinsic functions.
func TestResources(t *testing.T) {
	application := load(t, root+"/template.yaml", cloudformation.Options{
		Parameters: map[string]string{"MaximumConcurrency": "7"},
		Values:     map[string]string{"Table": "connections"},
		Resources:  []string{"AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Lambda::EventSourceMapping"},
	})
	want := []struct{ id, name, property, value string }{
		{"WsDeliverSource", "WsDeliverSource", "ScalingConfig", `{"MaximumConcurrency":"7"}`},
		{"WsDeliverRetrySource", "WsDeliverRetrySource", "BatchSize", `"1"`},
		{"WsRelaySource", "WsRelaySource", "FunctionResponseTypes", `["ReportBatchItemFailures"]`},
		{"Table", "connections", "KeySchema", `[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`},
		{"DeliveryQueue", "DeliveryQueue", "RedrivePolicy", `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:DeadLetterQueue","maxReceiveCount":"5"}`},
		{"RetryQueue", "RetryQueue", "KmsMasterKeyId", ""},
		{"RelayQueue", "RelayQueue", "VisibilityTimeout", `"15"`},
		{"DeadLetterQueue", "DeadLetterQueue", "RedrivePolicy", ""},
	}
	if len(application.Resources) != len(want) {
		t.Fatalf("%d resources: %+v", len(application.Resources), application.Resources)
	}
	for i, w := range want {
		got := application.Resources[i]
		var properties map[string]json.RawMessage
		if err := json.Unmarshal(got.Properties, &properties); err != nil {
			t.Fatal(err)
		}
		if got.LogicalID != w.id || got.Name != w.name || string(properties[w.property]) != w.value || got.Line == 0 {
			t.Errorf("resource %d is %s, %s, with %s %s; want %v", i, got.LogicalID, got.Name, w.property, properties[w.property], w)
		}
	}
}
