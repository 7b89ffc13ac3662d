package functions_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// environments are the variables that each function's code reads. The level of the log is not among them: Lambda
// passes it on from the function's LoggingConfig.
var environments = map[string][]string{
	"WsAuthorize":  {"AUTH_MODE"},
	"WsConnect":    {"CONNECTIONS_PER_USER", "TABLE_NAME"},
	"WsDisconnect": {"QUEUE_URL", "TABLE_NAME"},
	"WsDefault":    nil,
	"WsEcho":       nil,
	"WsBroadcast":  {"CALLBACK_RATE", "CALLBACK_URL", "MAX_CONCURRENCY", "MESSAGES_PER_MINUTE", "QUEUE_URL", "TABLE_NAME"},
	"WsChat":       {"CALLBACK_RATE", "CALLBACK_URL", "HISTORY_DAYS", "MAX_CONCURRENCY", "MESSAGES_PER_MINUTE", "QUEUE_URL", "TABLE_NAME"},
	"WsDeliver":    {"CALLBACK_RATE", "CALLBACK_URL", "DLQ_URL", "MAX_CONCURRENCY", "QUEUE_URL", "TABLE_NAME"},
}

func functions(t template) []string { return t.ofType("AWS::Serverless::Function") }

func folder(id string) string { return strings.ToLower(strings.TrimPrefix(id, "Ws")) }

func checkBuilds(t template, wrong report) {
	var folders []string
	for _, id := range functions(t) {
		if t.at("Resources", id, "Metadata", "BuildMethod") != "makefile" {
			wrong("%s is not built by the Makefile", id)
		}
		if _, err := os.Stat(filepath.Join(folder(id), "main.go")); err != nil {
			wrong("%s: %v", id, err)
		}
		folders = append(folders, folder(id))
	}
	mains, _ := filepath.Glob("*/main.go")
	for _, main := range mains {
		if name := filepath.Dir(main); name != "local" && !slices.Contains(folders, name) {
			wrong("functions/%s is not deployed", name)
		}
	}
}

func variables(t template, id string) object {
	m, _ := at(t.properties(id), "Environment", "Variables").(object)
	return m
}

func checkEnvironments(t template, wrong report) {
	for _, id := range functions(t) {
		want, known := environments[id]
		if got := slices.Sorted(maps.Keys(variables(t, id))); !known || !slices.Equal(got, want) {
			wrong("%s has the variables %v, its code reads %v", id, got, want)
		}
	}
}

// checkCallback finds a function that posts elsewhere than the output says.
func checkCallback(t template, wrong report) {
	want := t.at("Outputs", "CallbackUrl", "Value")
	for _, id := range functions(t) {
		if url, has := variables(t, id)["CALLBACK_URL"]; has && !reflect.DeepEqual(url, want) {
			wrong("%s has another CALLBACK_URL than the output CallbackUrl", id)
		}
	}
}

// checkVersions finds functions whose alias would stay at an old version when a parameter changes, or whose new
// version Lambda would refuse because nothing but its description is new.
func checkVersions(t template, wrong report) {
	common := t.section("Globals", "Function")
	for _, id := range functions(t) {
		p := t.properties(id)
		configured := t.parameters([]any{common["Environment"], common["LoggingConfig"], p["Environment"], p["LoggingConfig"]})
		described := t.parameters([]any{p["VersionDescription"]})
		if !slices.Equal(configured, described) {
			wrong("%s is configured by %v, but its version described by %v", id, configured, described)
		}
		if p["AutoPublishAliasAllProperties"] != true {
			wrong("%s: not every change of its properties is published", id)
		}
	}
}

// parameters returns the names of the parameters that a value refers to, in order.
func (t template) parameters(v any) []string {
	var names []string
	for name := range references(v) {
		if t.at("Parameters", name) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func checkLogGroups(t template, wrong report) {
	groups := t.ofType("AWS::Logs::LogGroup")
	used := map[string]bool{}
	for _, id := range functions(t) {
		group := referred(at(t.properties(id), "LoggingConfig", "LogGroup"))
		if !slices.Contains(groups, group) || used[group] {
			wrong("%s has no log group of its own", id)
		}
		used[group] = true
	}
	for _, id := range groups {
		if referred(t.properties(id)["RetentionInDays"]) != "LogRetentionDays" {
			wrong("%s keeps its logs forever", id)
		}
	}
}

// neededFor is the variable without which a function has no use for a right to a service's actions.
var neededFor = map[string]string{"dynamodb": "TABLE_NAME", "sqs": "QUEUE_URL", "execute-api": "CALLBACK_URL"}

// statements returns what a function's role allows.
func statements(t template, id string, wrong report) (all []object) {
	policies, _ := t.properties(id)["Policies"].([]any)
	for _, policy := range policies {
		items, _ := at(policy, "Statement").([]any)
		if len(items) == 0 {
			wrong("%s has the policy %v, which says nothing about resources here", id, policy)
		}
		for _, item := range items {
			all = append(all, item.(object))
		}
	}
	return all
}

func checkRights(t template, wrong report) {
	for _, id := range functions(t) {
		granted := map[string]bool{}
		for _, statement := range statements(t, id, wrong) {
			for _, action := range list(statement["Action"]) {
				service, _, _ := strings.Cut(action, ":")
				granted[service] = true
				checkAction(id, action, statement["Resource"], wrong)
			}
		}
		for service, variable := range neededFor {
			if _, has := variables(t, id)[variable]; has != granted[service] {
				wrong("%s has %s: %v, but rights of %s: %v", id, variable, has, service, granted[service])
			}
		}
	}
}

func checkAction(function, action string, resource any, wrong report) {
	if strings.Contains(action, "*") || action == "dynamodb:Scan" || !strings.Contains(action, ":") {
		wrong("%s may %s", function, action)
	}
	if slices.Contains(list(resource), "*") || resource == nil {
		wrong("%s may %s everywhere", function, action)
	}
}

const connections = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WsApi}/${Stage}/POST/@connections/*"

func checkConnectionsRights(t template, wrong report) {
	for _, id := range functions(t) {
		for _, statement := range statements(t, id, func(string, ...any) {}) {
			actions := strings.Join(list(statement["Action"]), " ")
			if strings.Contains(actions, "execute-api") && actions != "execute-api:ManageConnections" {
				wrong("%s may %s", id, actions)
			}
			if strings.Contains(actions, "execute-api") && !reflect.DeepEqual(statement["Resource"], object{"Fn::Sub": connections}) {
				wrong("%s may manage %v", id, statement["Resource"])
			}
		}
	}
}
