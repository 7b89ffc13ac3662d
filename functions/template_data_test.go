package functions_test

import (
	"slices"
	"strings"

	"wsecho/functions/internal/wiring"
)

func checkTable(t template, wrong report) {
	tables := t.ofType("AWS::DynamoDB::Table")
	if len(tables) != 1 {
		wrong("there are %d tables", len(tables))
	}
	for _, id := range tables {
		p := t.properties(id)
		for _, want := range []struct {
			value any
			path  []string
		}{
			{"exp", []string{"TimeToLiveSpecification", "AttributeName"}},
			{true, []string{"TimeToLiveSpecification", "Enabled"}},
			{"PointInTimeRecovery", []string{"PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled", "Ref"}},
			{"DeletionProtection", []string{"DeletionProtectionEnabled", "Ref"}},
			{true, []string{"SSESpecification", "SSEEnabled"}},
			{"PAY_PER_REQUEST", []string{"BillingMode"}},
		} {
			if at(p, want.path...) != want.value {
				wrong("%s: %s is not %v", id, strings.Join(want.path, "."), want.value)
			}
		}
		if kind, _ := at(p, "SSESpecification", "SSEType", "Fn::If").([]any); len(kind) != 3 || kind[0] != "HasKmsKey" || kind[1] != "KMS" {
			wrong("%s: SSEType goes with a key of one's own, and with nothing else", id)
		}
		if t.at("Resources", id, "DeletionPolicy") != "RetainExceptOnCreate" {
			wrong("%s goes with its stack", id)
		}
	}
}

func checkQueues(t template, wrong report) {
	timeout, _ := t.properties("WsDeliver")["Timeout"].(int)
	for _, id := range []string{"DeliveryQueue", "RetryQueue"} {
		queue := t.properties(id)
		if visibility, _ := queue["VisibilityTimeout"].(int); timeout == 0 || visibility < 6*timeout {
			wrong("%s: the queue's VisibilityTimeout %d is less than six times WsDeliver's Timeout %d", id, visibility, timeout)
		}
		if at(queue, "RedrivePolicy", "maxReceiveCount") != 5 ||
			at(queue, "RedrivePolicy", "deadLetterTargetArn", "Fn::GetAtt") != "DeadLetterQueue.Arn" {
			wrong("%s does not give up after 5 receives", id)
		}
	}
	if t.properties("DeadLetterQueue")["MessageRetentionPeriod"] != 14*24*3600 {
		wrong("the dead letter queue does not keep its messages for 14 days")
	}
}

func checkWorker(t template, wrong report) {
	if t.properties("WsDeliver")["RecursiveLoop"] != "Allow" {
		wrong("Lambda would stop deliveries that split")
	}
	served := map[string]bool{}
	for _, id := range t.ofType("AWS::Lambda::EventSourceMapping") {
		p := t.properties(id)
		if !aliased(t, p["FunctionName"]) {
			wrong("%s does not call a function's alias", id)
		}
		if p["BatchSize"] != 1 || !slices.Equal(list(p["FunctionResponseTypes"]), []string{"ReportBatchItemFailures"}) {
			wrong("%s does not take one delivery at a time and its failure as a failure", id)
		}
		most := at(p, "ScalingConfig", "MaximumConcurrency")
		switch at(p, "EventSourceArn", "Fn::GetAtt") {
		case "DeliveryQueue.Arn":
			served["DeliveryQueue"] = referred(most) == "MaximumConcurrency"
		case "RetryQueue.Arn":
			served["RetryQueue"] = most == wiring.RetryConcurrency
		}
	}
	for _, queue := range []string{"DeliveryQueue", "RetryQueue"} {
		if !served[queue] {
			wrong("%s has no workers, or more than share the rate", queue)
		}
	}
}
