package functions_test

import (
	"reflect"
	"slices"
	"strings"

	"wsecho/domain"
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
	checkRelayQueue(t, wrong)
	if t.properties("DeadLetterQueue")["MessageRetentionPeriod"] != 14*24*3600 {
		wrong("the dead letter queue does not keep its messages for 14 days")
	}
}

// checkRelayQueue: a room that was handed on waits for a lease of 10 s, and its worker may have died. So it is tried again
// soon, not after six times the function's timeout, and as long as it takes: what is tried twice costs nothing, since a
// hand-on that is stale changes nothing. Lambda refuses a queue that shows a message again while its function may run.
func checkRelayQueue(t template, wrong report) {
	queue := t.properties("RelayQueue")
	timeout, _ := t.properties("WsRelay")["Timeout"].(int)
	if visibility, _ := queue["VisibilityTimeout"].(int); visibility != 15 || timeout == 0 || timeout > visibility {
		wrong("RelayQueue: VisibilityTimeout is %d and WsRelay's Timeout %d: 15 s, and no longer than that", visibility, timeout)
	}
	if queue["RedrivePolicy"] != nil {
		wrong("RelayQueue gives up rooms that were handed on")
	}
	if queue["MessageRetentionPeriod"] != int(domain.DeliveryLife.Seconds()) {
		wrong("RelayQueue does not keep a room's frames for as long as deliveries live")
	}
}

// sources are the queues that functions work on, and how many at the same time: together they share the rate.
var sources = map[string]struct {
	worker string
	most   any
}{
	"DeliveryQueue": {"WsDeliver", object{"Ref": "MaximumConcurrency"}},
	"RelayQueue":    {"WsRelay", object{"Ref": "MaximumConcurrency"}},
	"RetryQueue":    {"WsDeliver", wiring.RetryConcurrency},
}

func checkWorker(t template, wrong report) {
	for id, does := range map[string]string{"WsDeliver": "deliveries that split", "WsRelay": "rooms that are handed on"} {
		if t.properties(id)["RecursiveLoop"] != "Allow" {
			wrong("Lambda would stop %s", does)
		}
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
		arn, _ := at(p, "EventSourceArn", "Fn::GetAtt").(string)
		queue := strings.TrimSuffix(arn, ".Arn")
		want := sources[queue]
		served[queue] = referred(p["FunctionName"]) == want.worker+".Alias" &&
			reflect.DeepEqual(at(p, "ScalingConfig", "MaximumConcurrency"), want.most)
	}
	for queue := range sources {
		if !served[queue] {
			wrong("%s has no workers, others than are for it, or more than share the rate", queue)
		}
	}
}
