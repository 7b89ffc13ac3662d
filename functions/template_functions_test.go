package functions_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"wsecho/functions/internal/wiring"
)

func functions(t template) []string { return t.ofType("AWS::Serverless::Function") }

// byID is the table of functions by their logical ids.
func byID() map[string]wiring.Function {
	all := map[string]wiring.Function{}
	for _, f := range wiring.Functions() {
		all[f.LogicalID()] = f
	}
	return all
}

// checkFunctions compares the functions with those of the code.
func checkFunctions(t template, wrong report) {
	deployed := functions(t)
	for id, f := range byID() {
		if !slices.Contains(deployed, id) {
			wrong("template.yaml has no resource %s, the function %s of functions/internal/wiring", id, f.Name)
		}
	}
	for _, id := range deployed {
		if _, known := byID()[id]; !known {
			wrong("template.yaml has the function %s, which functions/internal/wiring does not know", id)
		}
	}
}

func folder(id string) string { return strings.ToLower(strings.TrimPrefix(id, "Ws")) }

// programs are the folders of what is run by people, and not deployed.
var programs = []string{"client", "conformance", "gateway", "local"}

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
		if name := filepath.Dir(main); !slices.Contains(programs, name) && !slices.Contains(folders, name) {
			wrong("functions/%s is not deployed", name)
		}
	}
}

func variables(t template, id string) object {
	m, _ := at(t.properties(id), "Environment", "Variables").(object)
	return m
}

// common are the variables that every function reads beside those that it names.
var common = []string{"LOG_LEVEL", "STACK_NAME"}

// checkEnvironments compares the variables of functions with those that their code reads. What all functions have is
// there for one of them at least.
func checkEnvironments(t template, wrong report) {
	globals, _ := at(t.section("Globals", "Function"), "Environment", "Variables").(object)
	used := slices.Clone(common)
	for id, f := range byID() {
		has, reads := variables(t, id), append(f.Environment(), common...)
		used = append(used, reads...)
		for name := range has {
			if !slices.Contains(reads, name) {
				wrong("template.yaml: %s has the variable %s, which its code does not read", id, name)
			}
		}
		for _, name := range reads {
			if has[name] == nil && globals[name] == nil {
				wrong("template.yaml: %s has no variable %s, which its code reads", id, name)
			}
		}
	}
	for name := range globals {
		if !slices.Contains(used, name) {
			wrong("template.yaml: all functions have the variable %s, which none reads", name)
		}
	}
}

// checkCallback finds functions that post elsewhere than the output says.
func checkCallback(t template, wrong report) {
	for _, id := range functions(t) {
		if url := variables(t, id)["CALLBACK_URL"]; url != nil && !reflect.DeepEqual(url, t.at("Outputs", "CallbackUrl", "Value")) {
			wrong("%s has another CALLBACK_URL than the output CallbackUrl", id)
		}
	}
}

// checkNetwork finds functions that would stay outside of the network that the others are in.
func checkNetwork(t template, wrong report) {
	for _, id := range functions(t) {
		if vpc, _ := at(t.properties(id), "VpcConfig", "Fn::If").([]any); len(vpc) != 3 || vpc[0] != "HasVpc" ||
			!references(vpc[1])["SubnetIds"] || !references(vpc[1])["SecurityGroupIds"] {
			wrong("%s does not run in SubnetIds", id)
		}
	}
}

// checkVersions finds functions whose alias would stay at an old version when a parameter changes. SAM publishes a
// version when the text of a function's properties changes, so that the values of parameters have to be in that text
// before SAM sees it, and they are not put into Globals. Arch changes the code as well, and GradualDeploy is read by SAM
// itself. That versions are published is for make test-cloud to show.
// Source: AWS, CloudFormation template reference, "AWS::LanguageExtensions transform": its functions are for Resources,
// Conditions and Outputs; SAM's own implementation of it (samcli/lib/cfn_language_extensions) leaves other sections alone.
func checkVersions(t template, wrong report) {
	if transforms := list(t.root["Transform"]); !slices.Equal(transforms, []string{"AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"}) {
		wrong("the transforms are %v: SAM does not see the values of parameters", transforms)
	}
	for name := range references(t.section("Globals")) {
		if t.section("Parameters")[name] != nil && name != "Arch" && name != "GradualDeploy" {
			wrong("Globals refers to the parameter %s, a change of which is not published: refer to it at each function", name)
		}
	}
	for _, id := range functions(t) {
		if t.properties(id)["AutoPublishAliasAllProperties"] != true {
			wrong("%s: not every change of its properties is published", id)
		}
	}
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
