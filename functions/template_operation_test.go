package functions_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// checkRules finds combinations of parameters that would be deployed although they cannot work.
func checkRules(t template, wrong report) {
	demanded := references(t.section("Rules"))
	for _, name := range []string{"JwtIssuer", "JwtAudience", "JwksUrl", "CertificateArn", "SubnetIds", "SecurityGroupIds"} {
		if !demanded[name] {
			wrong("no rule asks for %s", name)
		}
	}
	if at(t.section("Rules", "JwtIsComplete", "RuleCondition"), "Fn::Equals") == nil {
		wrong("no rule is about the mode jwt")
	}
}

// checkAlarms finds what could go wrong unseen, and alarms of a kind that is not one metric.
func checkAlarms(t template, wrong report) {
	watched := map[string]bool{}
	for _, id := range t.ofType("AWS::CloudWatch::Alarm") {
		p := t.properties(id)
		name, _ := p["MetricName"].(string)
		var of []string
		for id := range references(p["Dimensions"]) {
			of = append(of, id)
		}
		slices.Sort(of)
		watched[name+" "+strings.Join(of, " ")] = true
		if p["Metrics"] != nil || p["TreatMissingData"] != "notBreaching" {
			wrong("%s is not about a single metric that may be missing", id)
		}
		if choice, _ := at(p, "AlarmActions", "Fn::If").([]any); len(choice) != 3 || choice[0] != "HasAlarmTopic" {
			wrong("%s tells nobody", id)
		}
	}
	want := []string{
		"ApproximateNumberOfMessagesVisible DeadLetterQueue", "ApproximateAgeOfOldestMessage DeliveryQueue",
		"IntegrationError Stage WsApi", "ConnectCount Stage WsApi", "Throttled AWS::StackName",
	}
	for _, id := range functions(t) {
		want = append(want, "Errors "+id, "Throttles "+id, "Duration "+id)
	}
	for _, metric := range want {
		if !watched[metric] {
			wrong("no alarm is about %s", metric)
		}
	}
}

// checkGradual finds functions whose new versions would take over all at once or unwatched, or could be stopped by
// strangers: an authorizer fails for each bad token that it is shown.
func checkGradual(t template, wrong report) {
	if referred(t.at("Globals", "Function", "DeploymentPreference", "Enabled")) != "GradualDeploy" {
		wrong("gradual deployment is not switched by GradualDeploy")
	}
	for _, id := range functions(t) {
		want := []any{object{"Ref": id + "Errors"}, object{"Ref": "FaultsAlarm"}}
		if id == authorizer(t) {
			want = want[1:]
		}
		if alarms := at(t.properties(id), "DeploymentPreference", "Alarms"); !reflect.DeepEqual(alarms, want) {
			wrong("a new version of %s is taken back by %v, want %v", id, alarms, want)
		}
	}
}

// authorizer returns the logical id of the function that decides who may connect.
func authorizer(t template) string {
	id, _ := strings.CutSuffix(referred(at(t.properties("WsApi"), "Auth", "AuthArn")), ".Alias")
	return id
}

// checkFaults finds functions whose faults no alarm would see.
func checkFaults(t template, wrong report) {
	name := t.properties("FaultsAlarm")["MetricName"]
	for _, id := range functions(t) {
		filter := t.properties(id + "Faults")
		transformations, _ := filter["MetricTransformations"].([]any)
		if len(transformations) != 1 || !reflect.DeepEqual(at(transformations[0], "MetricName"), name) ||
			referred(filter["LogGroupName"]) != referred(at(t.properties(id), "LoggingConfig", "LogGroup")) {
			wrong("the faults of %s are not counted", id)
		}
	}
	// The alarm of its errors does not take it back, so that this one has to see everything.
	panics := t.properties(authorizer(t) + "Panics")
	transformations, _ := panics["MetricTransformations"].([]any)
	if len(transformations) != 1 || !reflect.DeepEqual(at(transformations[0], "MetricName"), name) ||
		panics["FilterPattern"] != `"stackTrace"` {
		wrong("the panics of %s are not counted", authorizer(t))
	}
}

// checkThrottles finds routes whose own settings leave something open, or that have none and need them.
func checkThrottles(t template, wrong report) {
	common := t.section("Resources", "WsApi", "Properties", "DefaultRouteSettings")
	settings := t.section("Resources", "WsApi", "Properties", "RouteSettings")
	for _, key := range []string{"$connect", "$disconnect", "broadcast"} {
		if settings[key] == nil {
			wrong("route %s is not throttled by itself", key)
		}
	}
	for key, setting := range settings {
		for name := range common {
			if at(setting, name) == nil {
				wrong("the settings of route %s have no %s", key, name)
			}
		}
		if at(setting, "DataTraceEnabled") != false {
			wrong("route %s logs what clients send", key)
		}
	}
}

// accountQuota is what API Gateway accepts by default for a whole account in the regions where that is least: requests
// a second, and at once. A route's limits can't exceed it. Source: AWS, "Amazon API Gateway quotas".
var accountQuota = object{"ThrottlingRateLimit": 2500, "ThrottlingBurstLimit": 1250}

// checkDisconnects finds a throttle that closed connections meet: what is dropped there stays in the table for hours.
func checkDisconnects(t template, wrong report) {
	setting := t.section("Resources", "WsApi", "Properties", "RouteSettings", "$disconnect")
	for name, quota := range accountQuota {
		if setting[name] != quota {
			wrong("route $disconnect has %s %v, the account's is %v", name, setting[name], quota)
		}
	}
}

var comments = regexp.MustCompile(`(?m)^ *#.*$`)

// checkQueries finds queries that ask for what no line has: requestId is Lambda's there, which no client knows.
func checkQueries(t template, wrong report) {
	all := ""
	for _, id := range t.ofType("AWS::Logs::QueryDefinition") {
		text, _ := t.properties(id)["QueryString"].(string)
		text = comments.ReplaceAllString(text, "")
		all += text
		if slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' }), "requestId") {
			wrong("%s asks for requestId", id)
		}
	}
	if !strings.Contains(all, `filter @message like "FILL-IN"`) {
		wrong("no query finds the requestId that a client quotes")
	}
}

// checkDashboard finds a dashboard that CloudWatch would refuse, and widgets without metrics.
func checkDashboard(t template, wrong report) {
	text, _ := at(t.properties("Dashboard"), "DashboardBody", "Fn::Sub").(string)
	var body struct {
		Widgets []struct {
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil || len(body.Widgets) == 0 {
		wrong("the dashboard: %v", err)
	}
	for _, widget := range body.Widgets {
		if len(widget.Properties.Metrics) == 0 {
			wrong("the dashboard's %q shows nothing", widget.Properties.Title)
		}
	}
}

// forbiddenInLogs are parts of requests that may have a token or a body.
var forbiddenInLogs = []string{"header", "querystring", "body", "token", "$input", "messageBody"}

// checkAccessLog finds secrets that the access log would keep.
func checkAccessLog(t template, wrong report) {
	logs, _ := at(t.properties("WsApi"), "AccessLogSettings", "Fn::If").([]any)
	if len(logs) != 3 {
		return
	}
	format, _ := at(logs[1], "Format").(string)
	for _, word := range forbiddenInLogs {
		if strings.Contains(strings.ToLower(format), strings.ToLower(word)) {
			wrong("the access log keeps %s", word)
		}
	}
}

// checkManual finds alarms that the people who get them can read nothing about.
func checkManual(t template, wrong report) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		wrong("%v", err)
	}
	for _, id := range t.ofType("AWS::CloudWatch::Alarm") {
		name := id
		for _, function := range functions(t) {
			name = strings.TrimPrefix(name, function)
		}
		if !strings.Contains(string(text), "`"+name+"`") {
			wrong("docs/operations.md does not say what %s means", id)
		}
	}
}
