package functions_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"wsecho/functions/internal/wiring"
)

// TestAsyncAPI: asyncapi.yaml describes every action, and no other.
func TestAsyncAPI(t *testing.T) {
	text, err := os.ReadFile("../asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Operations map[string]struct{ Action string }
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var served []string
	for _, f := range wiring.Functions() {
		for _, key := range f.Routes {
			if !strings.HasPrefix(key, "$") {
				served = append(served, key)
			}
		}
	}
	for _, key := range served {
		if document.Operations[key].Action != "receive" {
			t.Errorf("asyncapi.yaml has no operation %s with action: receive, which is a route of the API", key)
		}
	}
	for key, operation := range document.Operations {
		if operation.Action == "receive" && !slices.Contains(served, key) {
			t.Errorf("asyncapi.yaml has the operation %s, which is no route of the API: see functions/internal/wiring", key)
		}
	}
}
