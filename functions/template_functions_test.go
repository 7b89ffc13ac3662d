package functions_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// environments are the variables that each function's code reads, LOG_LEVEL apart, which is common to all.
var environments = map[string][]string{
	"WsAuthorize": {
		"ALLOWED_ORIGINS", "ALLOW_QUERY_TOKEN", "AUTH_MODE", "JWKS_URL", "JWT_AUDIENCE", "JWT_DEFAULT_GRANTS", "JWT_ISSUER",
	},
	"WsConnect":    {"CONNECTIONS_PER_USER", "TABLE_NAME"},
	"WsDisconnect": {"QUEUE_URL", "TABLE_NAME"},
	"WsDefault":    nil,
	"WsEcho":       nil,
	"WsBroadcast":  {"CALLBACK_RATE", "CALLBACK_URL", "MAX_CONCURRENCY", "MESSAGES_PER_MINUTE", "QUEUE_URL", "RETRY_QUEUE_URL", "TABLE_NAME"},
	"WsChat":       {"CALLBACK_RATE", "CALLBACK_URL", "HISTORY_DAYS", "MAX_CONCURRENCY", "MESSAGES_PER_MINUTE", "QUEUE_URL", "RETRY_QUEUE_URL", "TABLE_NAME"},
	"WsDeliver":    {"CALLBACK_RATE", "CALLBACK_URL", "DLQ_URL", "MAX_CONCURRENCY", "QUEUE_URL", "RETRY_QUEUE_URL", "TABLE_NAME"},
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

// common are the variables that all functions have, whether their code reads them or not.
var common = []string{"LOG_LEVEL", "QUEUE_URL", "RETRY_QUEUE_URL", "STACK_NAME", "TABLE_NAME"}

func checkEnvironments(t template, wrong report) {
	globals, _ := at(t.section("Globals", "Function"), "Environment", "Variables").(object)
	if got := slices.Sorted(maps.Keys(globals)); !slices.Equal(got, common) {
		wrong("all functions have the variables %v, want %v", got, common)
	}
	for _, id := range functions(t) {
		reads, known := environments[id]
		want := slices.DeleteFunc(slices.Clone(reads), func(name string) bool { return slices.Contains(common, name) })
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
		configured := t.parameters([]any{
			common["Environment"], common["LoggingConfig"], common["VpcConfig"], p["Environment"], p["LoggingConfig"],
		})
		described := t.parameters([]any{p["VersionDescription"], t.records(p["VersionDescription"])})
		if !slices.Equal(configured, described) {
			wrong("%s is configured by %v, but its version described by %v", id, configured, described)
		}
		if p["AutoPublishAliasAllProperties"] != true {
			wrong("%s: not every change of its properties is published", id)
		}
	}
}

// records returns the contents of the numbered records that a value refers to.
func (t template) records(v any) (contents []any) {
	found := references(v)
	for _, id := range t.ofType("AWS::AppConfig::HostedConfigurationVersion") {
		if found[id] {
			contents = append(contents, t.properties(id)["Content"])
		}
	}
	return contents
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

// checkLogFilter finds a filter of Lambda's in which metrics would be caught: they count as INFO there.
func checkLogFilter(t template, wrong report) {
	logging := t.section("Globals", "Function", "LoggingConfig")
	if level, _ := logging["ApplicationLogLevel"].(string); level != "TRACE" && level != "DEBUG" {
		wrong("Lambda drops lines that the functions want to be logged")
	}
	for _, id := range functions(t) {
		if t.properties(id)["LoggingConfig"] != nil {
			wrong("%s has a filter or a log group of its own", id)
		}
	}
}

func checkLogGroups(t template, wrong report) {
	groups := t.ofType("AWS::Logs::LogGroup")
	if group := referred(t.at("Globals", "Function", "LoggingConfig", "LogGroup")); !slices.Contains(groups, group) {
		wrong("functions have no log group of ours")
	}
	for _, id := range groups {
		if referred(t.properties(id)["RetentionInDays"]) != "LogRetentionDays" {
			wrong("%s keeps its logs forever", id)
		}
	}
}
