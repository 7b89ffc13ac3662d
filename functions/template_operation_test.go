package functions_test

import (
	"encoding/json"
	"fmt"
	"maps"
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

// checkWholeNumbers finds parameters with which a deployment succeeds and a function cannot start: a Number of
// CloudFormation may have a fraction, which only a pattern of a String refuses.
func checkWholeNumbers(t template, wrong report) {
	for _, name := range []string{"ConnectionsPerUser", "HistoryDays", "MessagesPerMinute"} {
		pattern, _ := t.at("Parameters", name, "AllowedPattern").(string)
		if whole, err := regexp.Compile(pattern); err != nil || pattern == "" || whole.MatchString("1.5") || !whole.MatchString("120") {
			wrong("parameter %s may be no whole number, with which its functions do not start", name)
		}
	}
}

// watched are the metrics that alarms are about, each with what it is counted of.
var watched = []string{
	"Faults/${AWS::StackName}", "IntegrationErrors/${AWS::StackName}", "Errors WsDeliver", "Errors WsRelay", "Errors WsAuthorize", "Throttles",
	"ApproximateNumberOfMessagesVisible DeadLetterQueue", "ApproximateAgeOfOldestMessage DeliveryQueue", "ApproximateAgeOfOldestMessage RetryQueue",
	"ApproximateAgeOfOldestMessage RelayQueue",
	"IntegrationLatency Stage WsApi", "ConnectCount Stage WsApi", "Throttled StackName",
}

// checkAlarms finds what could go wrong unseen, alarms that nobody needs, and those of a kind that is not one metric.
func checkAlarms(t template, wrong report) {
	var metrics []string
	for _, id := range t.ofType("AWS::CloudWatch::Alarm") {
		p := t.properties(id)
		metrics = append(metrics, metric(p))
		if p["Metrics"] != nil || p["TreatMissingData"] != "notBreaching" {
			wrong("%s is not about a single metric that may be missing", id)
		}
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if choice, _ := at(p, actions, "Fn::If").([]any); len(choice) != 3 || choice[0] != "HasAlarmTopic" {
				wrong("%s tells nobody", id)
			}
		}
		if at(p, "MetricName", "Fn::Sub") != nil && !slices.ContainsFunc(t.ofType("AWS::Logs::MetricFilter"), func(filter string) bool {
			return counts(t, filter, p["MetricName"])
		}) {
			wrong("%s is about a metric that no filter counts", id)
		}
	}
	for _, metric := range watched {
		if !slices.Contains(metrics, metric) {
			wrong("no alarm is about %s", metric)
		}
	}
	for _, metric := range metrics {
		if !slices.Contains(watched, metric) {
			wrong("an alarm is about %s, which nobody asked for", metric)
		}
	}
}

// metric names an alarm's metric and what it is counted of.
func metric(alarm object) string {
	name, _ := alarm["MetricName"].(string)
	if name == "" {
		name, _ = at(alarm, "MetricName", "Fn::Sub").(string)
	}
	of := slices.Sorted(maps.Keys(references(alarm["Dimensions"])))
	return strings.Join(append([]string{name}, of...), " ")
}

// counts tells whether a filter of logs counts for a metric.
func counts(t template, filter string, metric any) bool {
	transformations, _ := t.properties(filter)["MetricTransformations"].([]any)
	return len(transformations) == 1 && reflect.DeepEqual(at(transformations[0], "MetricName"), metric)
}

// checkMonitoring finds a stack within the stack that gets something else than what it is told it gets, or that costs
// money where nobody listens.
func checkMonitoring(t, monitoring template, wrong report) {
	passed, _ := t.properties("MonitoringStack")["Parameters"].(object)
	declared := monitoring.section("Parameters")
	if got, want := slices.Sorted(maps.Keys(passed)), slices.Sorted(maps.Keys(declared)); !slices.Equal(got, want) {
		wrong("monitoring.yaml has the parameters %v, it gets %v", want, got)
	}
	used := references([]any{monitoring.root["Resources"], monitoring.root["Conditions"]})
	for name, value := range passed {
		for of := range references(value) {
			if of != name && of != "AWS::"+name {
				wrong("monitoring.yaml gets %s as %s", of, name)
			}
		}
		if !used[name] {
			wrong("monitoring.yaml does not use %s", name)
		}
	}
	if t.at("Resources", "MonitoringStack", "Condition") != "HasMonitoring" {
		wrong("MonitoringStack costs where nobody looks at it")
	}
}

// checkGradual finds functions whose new versions would take over all at once or unwatched, or could be stopped by
// strangers: an authorizer fails for each bad token that it is shown, so that its errors are not among the alarms.
func checkGradual(t template, wrong report) {
	preference := t.section("Globals", "Function", "DeploymentPreference")
	if referred(preference["Enabled"]) != "GradualDeploy" {
		wrong("gradual deployment is not switched by GradualDeploy")
	}
	of := []string{"FaultsAlarm", "IntegrationErrorsAlarm", "DeliverErrorsAlarm", "RelayErrorsAlarm"}
	alarms, _ := at(preference, "Alarms", "Fn::If").([]any)
	if len(alarms) != 3 || alarms[0] != "Watched" || !reflect.DeepEqual(alarms[1], refs(of)) {
		wrong("new versions are taken back by %v, want %v", preference["Alarms"], of)
	}
	if !reflect.DeepEqual(t.at("Conditions", "Watched", "Fn::Or"), []any{
		object{"Condition": "HasMonitoring"}, object{"Fn::Equals": []any{object{"Ref": "GradualDeploy"}, "true"}},
	}) {
		wrong("GradualDeploy alone does not bring the alarms that take versions back")
	}
	for _, id := range of {
		if t.at("Resources", id, "Condition") != "Watched" {
			wrong("%s costs where nobody watches", id)
		}
	}
	for _, id := range functions(t) {
		if t.properties(id)["DeploymentPreference"] != nil {
			wrong("%s has a DeploymentPreference of its own", id)
		}
	}
}

func refs(ids []string) (all []any) {
	for _, id := range ids {
		all = append(all, object{"Ref": id})
	}
	return all
}

// faults are the filters that count for FaultsAlarm.
var faults = []string{"Faults", "Panics", "Timeouts"}

// checkFaults finds faults of functions that no alarm would see.
func checkFaults(t template, wrong report) {
	name := t.properties("FaultsAlarm")["MetricName"]
	for _, id := range faults {
		if !counts(t, id, name) || referred(t.properties(id)["LogGroupName"]) != referred(t.at("Globals", "Function", "LoggingConfig", "LogGroup")) {
			wrong("the faults of functions are not counted by %s", id)
		}
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
	var shown []string
	for _, widget := range body.Widgets {
		if len(widget.Properties.Metrics) == 0 {
			wrong("the dashboard's %q shows nothing", widget.Properties.Title)
		}
		for _, metric := range widget.Properties.Metrics {
			shown = append(shown, fmt.Sprint(metric...))
		}
	}
	for queue := range sources {
		if !slices.Contains(shown, fmt.Sprint("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${"+queue+"}")) {
			wrong("the dashboard does not show ApproximateAgeOfOldestMessage of %s", queue)
		}
	}
	for metric, statistic := range map[string]string{"LinesPerFrame": "Average", "RelayTakeovers": "Sum", "RelayWaitMs": "p99"} {
		of := fmt.Sprint("wsEcho", metric, "Stack", "${StackName}")
		if !slices.ContainsFunc(shown, func(m string) bool { return strings.HasPrefix(m, of) && strings.Contains(m, "stat:"+statistic) }) {
			wrong("the dashboard does not show the %s of %s", statistic, metric)
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

// alarmRow is a row of the manual's table of alarms.
var alarmRow = regexp.MustCompile("(?m)^\\| `(\\w+Alarm)` \\|")

// checkManual finds alarms that the people who get them can read nothing about, and such as are only there to read.
func checkManual(t template, wrong report) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		wrong("%v", err)
	}
	var told []string
	for _, row := range alarmRow.FindAllStringSubmatch(string(text), -1) {
		told = append(told, row[1])
	}
	if want := t.ofType("AWS::CloudWatch::Alarm"); !slices.Equal(slices.Sorted(slices.Values(told)), want) {
		wrong("docs/operations.md tells of the alarms %v, there are %v", told, want)
	}
}
