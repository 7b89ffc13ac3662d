package functions_test

import (
	"slices"
	"strings"
	"testing"
)

// byEventSource are the rights that Lambda itself uses, with a worker's role, to take messages off its queues: no
// code of ours makes those calls.
var byEventSource = map[string][]string{
	"WsDeliver": {
		"sqs:DeleteMessage DeliveryQueue", "sqs:GetQueueAttributes DeliveryQueue", "sqs:ReceiveMessage DeliveryQueue",
		"sqs:DeleteMessage RetryQueue", "sqs:GetQueueAttributes RetryQueue", "sqs:ReceiveMessage RetryQueue",
	},
	"WsRelay": {"sqs:DeleteMessage RelayQueue", "sqs:GetQueueAttributes RelayQueue", "sqs:ReceiveMessage RelayQueue"},
}

// TestRoles runs every function as it is deployed, on a real table and real queues, through all that it can be asked
// to do, and compares the calls that it made with what its role allows. Nothing else does that, so that it is not
// skipped where a server is missing: it fails as in CI, and says what to make.
func TestRoles(t *testing.T) {
	t.Setenv("CI", "true")
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range functions(parsed) {
		t.Run(id, func(t *testing.T) {
			scenario, ok := scenarios[id]
			if !ok {
				t.Fatalf("functions/roles_scenarios_test.go: scenarios has none for %s", id)
			}
			r := newRecorder(t)
			scenario(t, r)
			for _, complaint := range differences(allowed(parsed, id), append(r.calls(), byEventSource[id]...)) {
				t.Error(complaint)
			}
		})
	}
}

// allowed returns what a function's role allows, but for the key: "action resource", in order.
func allowed(t template, id string) (rights []string) {
	for _, statement := range statements(t, id) {
		for _, action := range list(statement["Action"]) {
			if !strings.HasPrefix(action, "kms:") {
				rights = append(rights, on(action, statement["Resource"])...)
			}
		}
	}
	return distinct(rights)
}

// on names each resource that an action is allowed on: the logical id of one of ours, or "connections".
func on(action string, resource any) (rights []string) {
	if one, ok := resource.(object); ok {
		resource = []any{one}
	}
	for _, r := range resource.([]any) {
		name, _ := at(r, "Fn::GetAtt").(string)
		name = strings.TrimSuffix(name, ".Arn")
		if at(r, "Fn::Sub") == connections {
			name = "connections"
		}
		rights = append(rights, action+" "+name)
	}
	return rights
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// howTo make a function use a right is what a scenario's author has to know.
const howTo = " (remove it from template.yaml, or have the scenario in functions/roles_scenarios_test.go make the call: posts to " +
	"connections that begin with gone- and are a minute old are followed by a clean-up, to busy- by the queue of retries, and " +
	"an audience of more than one page, see crowded, by the queue)"

// differences tells which rights are missing, and which are never used.
func differences(allowed, used []string) (complaints []string) {
	for _, right := range distinct(used) {
		if !slices.Contains(allowed, right) {
			complaints = append(complaints, "missing in template.yaml: "+right)
		}
	}
	for _, right := range allowed {
		if !slices.Contains(used, right) {
			complaints = append(complaints, "never used: "+right+howTo)
		}
	}
	return complaints
}

func TestDifferences(t *testing.T) {
	got := differences([]string{"a", "b"}, []string{"b", "c", "c"})
	if want := []string{"missing in template.yaml: c", "never used: a" + howTo}; !slices.Equal(got, want) {
		t.Errorf("differences = %q, want %q", got, want)
	}
}
