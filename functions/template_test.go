package functions_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wsecho/functions/internal/wiring"
)

// TestTemplate holds template.yaml to what neither CloudFormation nor SAM would complain about.
func TestTemplate(t *testing.T) {
	for _, complaint := range complaints(readTemplate(t), readMonitoring(t)) {
		t.Error(complaint)
	}
}

func readTemplate(t *testing.T) string { return read(t, "../template.yaml") }

// readMonitoring returns the template of the stack within the stack.
func readMonitoring(t *testing.T) string { return read(t, "monitoring.yaml") }

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// report collects what is wrong with a template.
type report func(format string, args ...any)

// complaints returns everything that is wrong with a template and the one of the stack within it.
func complaints(text, nested string) (all []string) {
	t, monitoring, err := parseStacks(text, nested)
	if err != nil {
		return []string{err.Error()}
	}
	wrong := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, check := range []func(template, report){
		checkParameters, checkFunctions, checkRouteKeys, checkRoutes, checkServed, checkRouteResponses, checkAuth, checkStage, checkStageName, checkDeployment,
		checkThrottles, checkAccessLog, checkBuilds, checkEnvironments, checkCallback, checkNetwork, checkVersions, checkLogGroups, checkLogFilter,
		checkRoles, checkRights, checkConnectionsRights, checkTable, checkQueues, checkWorker, checkKeys, checkRules, checkWholeNumbers,
		checkGradual, checkDisconnects, checkQueries, checkAlarms, checkFaults, checkDashboard, checkManual,
	} {
		check(t, wrong)
	}
	checkMonitoring(t, monitoring, wrong)
	return all
}

func checkParameters(t template, wrong report) {
	used := references([]any{t.root["Rules"], t.root["Conditions"], t.root["Globals"], t.root["Resources"], t.root["Outputs"]})
	for name := range t.section("Parameters") {
		if !used[name] {
			wrong("parameter %s is not used", name)
		}
	}
	if t.at("Parameters", "AuthMode", "Default") != nil {
		wrong("AuthMode has a default: nobody has to decide who may connect")
	}
}

func routes(t template) object { return t.section("Resources", "WsApi", "Properties", "Routes") }

var routeKey = regexp.MustCompile(`^(\$connect|\$disconnect|\$default|[a-z0-9]+)$`)

// checkRouteKeys finds keys that SAM rejects, or makes the same logical ids of, so that one route is lost: T02 of the
// statements in adapters/gateway.
func checkRouteKeys(t template, wrong report) {
	seen := map[string]string{}
	for key := range routes(t) {
		if !routeKey.MatchString(key) {
			wrong("route %s: the key is not lower-case alphanumeric", key)
		}
		id := strings.ToLower(strings.TrimPrefix(key, "$"))
		if other, taken := seen[id]; taken {
			wrong("routes %s and %s have the same logical id", key, other)
		}
		seen[id] = key
	}
	for _, key := range []string{"$connect", "$disconnect", "$default"} {
		if routes(t)[key] == nil {
			wrong("there is no route %s", key)
		}
	}
}

func checkRoutes(t template, wrong report) {
	for key, route := range routes(t) {
		if !aliased(t, at(route, "FunctionArn")) {
			wrong("route %s does not call a function's alias", key)
		}
		for property := range route.(object) {
			if !slices.Contains([]string{"FunctionArn", "RouteResponseSelectionExpression"}, property) {
				wrong("route %s: property %s is unknown here, and SAM may ignore it", key, property)
			}
		}
	}
}

// aliased tells whether a value is the alias of a function that publishes one.
func aliased(t template, v any) bool {
	id, alias := strings.CutSuffix(referred(v), ".Alias")
	return alias && slices.Contains(functions(t), id) && t.at("Globals", "Function", "AutoPublishAlias") != nil
}

// checkRouteResponses finds message routes whose answers would be dropped.
func checkRouteResponses(t template, wrong report) {
	answered := map[string]bool{}
	for _, id := range t.ofType("AWS::ApiGatewayV2::RouteResponse") {
		p := t.properties(id)
		if referred(p["ApiId"]) != "WsApi" || p["RouteResponseKey"] != "$default" {
			wrong("%s is not WsApi's $default response", id)
		}
		answered[referred(p["RouteId"])] = true
	}
	for key, route := range routes(t) {
		expression := at(route, "RouteResponseSelectionExpression")
		if key == "$connect" || key == "$disconnect" {
			continue
		}
		if expression != "$default" {
			wrong("route %s has no RouteResponseSelectionExpression", key)
		}
		if !answered["WsApi"+capitalized(strings.TrimPrefix(key, "$"))+"Route"] {
			wrong("route %s has no RouteResponse", key)
		}
	}
}

func capitalized(key string) string { return strings.ToUpper(key[:1]) + strings.ToLower(key[1:]) }

// checkServed compares the routes with those that the functions serve, and which of them answer.
func checkServed(t template, wrong report) {
	for key := range routes(t) {
		if !slices.ContainsFunc(wiring.Functions(), func(f wiring.Function) bool { return slices.Contains(f.Routes, key) }) {
			wrong("template.yaml has the route %s, which no function of functions/internal/wiring serves", key)
		}
	}
	for id, f := range byID() {
		for _, key := range f.Routes {
			route, has := routes(t)[key]
			switch {
			case !has:
				wrong("template.yaml has no route %s under WsApi, which the function %s serves", key, f.Name)
			case referred(at(route, "FunctionArn")) != id+".Alias":
				wrong("template.yaml: the route %s calls %s, not %s, which serves it", key, referred(at(route, "FunctionArn")), id)
			case f.Answers != (at(route, "RouteResponseSelectionExpression") != nil):
				wrong("template.yaml: whether the route %s answers is %t in its function", key, f.Answers)
			}
		}
	}
}

// checkStageName finds a stage that SAM would call default: T01.
func checkStageName(t template, wrong report) {
	if referred(at(t.properties("WsApi"), "StageName")) != "Stage" {
		wrong("the stage's name is not the parameter Stage")
	}
}

// checkDeployment expects SAM's API, whose stage has AutoDeploy, so that a route that is added later is deployed: T04. A
// deployment of our own would be a snapshot.
func checkDeployment(t template, wrong report) {
	if t.at("Resources", "WsApi", "Type") != "AWS::Serverless::WebSocketApi" {
		wrong("WsApi is not SAM's WebSocketApi")
	}
	for _, kind := range []string{"AWS::ApiGatewayV2::Deployment", "AWS::ApiGatewayV2::Stage"} {
		for _, id := range t.ofType(kind) {
			wrong("%s: routes that are added later would not be deployed", id)
		}
	}
}

// checkAuth finds an authorizer that SAM would not deploy, or that would not be asked: T03. It was measured that the
// translator 1.110.0 takes "custom" and deploys the API without an authorizer; 1.115.0 (of the SAM CLI 1.170.0) refuses
// it: "AuthType 'custom' is not one of AWS_IAM, CUSTOM or NONE". Which of them CloudFormation runs is AWS's to choose.
func checkAuth(t template, wrong report) {
	auth := t.section("Resources", "WsApi", "Properties", "Auth")
	if auth["AuthType"] != "CUSTOM" {
		wrong("AuthType is %v: SAM deploys the API without an authorizer", auth["AuthType"])
	}
	if !aliased(t, auth["AuthArn"]) {
		wrong("the authorizer is not a function's alias")
	}
	if auth["IdentitySource"] != nil {
		wrong("the authorizer has an IdentitySource: clients without it are refused unasked")
	}
}

func checkStage(t template, wrong report) {
	api := t.properties("WsApi")
	if at(api, "DefaultRouteSettings", "DataTraceEnabled") != false {
		wrong("the stage logs what clients send")
	}
	if at(api, "RouteSelectionExpression") != "$request.body.action" {
		wrong("the API does not select routes by $request.body.action")
	}
	logs, _ := at(api, "AccessLogSettings", "Fn::If").([]any)
	if len(logs) != 3 {
		wrong("there are no access logs")
		return
	}
	format, _ := at(logs[1], "Format").(string)
	var fields map[string]string
	if err := json.Unmarshal([]byte(format), &fields); err != nil {
		wrong("the access log's format: %v", err)
	}
	for field, source := range map[string]string{
		"requestId": "requestId", "connectionId": "connectionId", "routeKey": "routeKey", "status": "status",
		"integrationLatency": "integrationLatency", "sourceIp": "identity.sourceIp", "principal": "authorizer.principalId",
	} {
		if fields[field] != "$context."+source {
			wrong("the access log has no %s", field)
		}
	}
}
