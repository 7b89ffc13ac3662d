package functions_test

import (
	"strings"
	"testing"
)

// mutations are mistakes that a template can have: a text in ours, what the mistake makes of it where it is first (in
// template.yaml, or else in monitoring.yaml), and a part of the complaint.
var mutations = []struct{ name, old, mistake, want string }{
	{"a parameter that nothing uses", "\nParameters:", "\nParameters:\n  Unused: {Type: String}", "Unused is not used"},
	{"a default for AuthMode", "AllowedValues: [open, jwt]", "AllowedValues: [open, jwt]\n    Default: open", "AuthMode has a default"},
	{"a route key with a dash", "        echo:", "        echo-all:", "route echo-all: the key"},
	{"a route key in upper case", "        echo:", "        Echo:", "route Echo: the key"},
	{"two keys that differ in case", "        echo:", "        Broadcast: {}\n        echo:", "the same logical id"},
	{"connect beside $connect", "        echo:", "        connect: {}\n        echo:", "the same logical id"},
	{"the same route twice", "        broadcast:", "        echo:", "echo is there twice"},
	{"no $disconnect", "        $disconnect:", "        gone:", "no route $disconnect"},
	{"a route that no function serves", "        echo:", "        zzz: {}\n        echo:", "which no function of functions/internal/wiring serves"},
	{"a route that only its function answers", "FunctionArn: !Ref WsEcho.Alias, RouteResponseSelectionExpression: $default", "FunctionArn: !Ref WsEcho.Alias", "whether the route echo answers"},
	{"a route to the function's draft", "FunctionArn: !Ref WsEcho.Alias", "FunctionArn: !GetAtt WsEcho.Arn", "route echo does not call"},
	{"a route to no function", "FunctionArn: !Ref WsEcho.Alias", "FunctionArn: !Ref WsEko.Alias", "route echo does not call"},
	{"no alias at all", "    AutoPublishAlias: live\n", "", "route echo does not call"},
	{"a misspelled property of a route", "RouteResponseSelectionExpression: $default", "RouteResponseExpression: $default", "RouteResponseExpression is unknown"},
	{"no route response", "[Default, Echo, Broadcast", "[Default, Broadcast", "echo has no RouteResponse"},
	{"route responses for one route", "Fn::Sub: WsApi${Route}Route", "Fn::Sub: WsApiEchoRoute", "broadcast has no RouteResponse"},
	{"route responses by a text in which nothing is put in place", "          RouteId:\n            Ref:\n              Fn::Sub: WsApi${Route}Route\n", "          RouteId: !Ref WsApi${Route}Route\n", "echo has no RouteResponse"},
	{"a route response by another key", "RouteResponseKey: $default", "RouteResponseKey: default", "is not WsApi's $default response"},
	{"no authorizer by a lower-case type", "AuthType: CUSTOM", "AuthType: custom", "AuthType is custom"},
	{"no authorizer", "AuthType: CUSTOM", "AuthType: NONE", "AuthType is NONE"},
	{"the authorizer's draft", "AuthArn: !Ref WsAuthorize.Alias", "AuthArn: !GetAtt WsAuthorize.Arn", "the authorizer is not"},
	{"an identity source", "AuthType: CUSTOM", "AuthType: CUSTOM\n        IdentitySource: [route.request.header.Authorization]", "refused unasked"},
	{"no name of the stage", "      StageName: !Ref Stage\n", "", "the stage's name is not"},
	{"a deployment by hand", "  WsEcho:\n", "  ByHand: {Type: AWS::ApiGatewayV2::Deployment, Properties: {ApiId: !Ref WsApi}}\n  WsEcho:\n", "would not be deployed"},
	{"bodies in the log", "DataTraceEnabled: false", "DataTraceEnabled: true", "logs what clients send"},
	{"routes by another field", "$request.body.action", "$request.body.type", "does not select routes"},
	{"no access log", "AccessLogSettings: !If", "AccessLogSettings: !Select", "no access logs"},
	{"an access log without the connection", `"connectionId":`, `"connection":`, "the access log has no connectionId"},
	{"an access log that is no JSON", `"eventType":"$context.eventType",`, `"eventType":$context.eventType,`, "the access log's format"},
	{"a function without a folder", "  WsEcho:\n", "  WsNothing: {Type: AWS::Serverless::Function}\n  WsEcho:\n", "nothing/main.go"},
	{"a folder without a function", "  WsEcho:\n", "  WsEchoes:\n", "functions/echo is not deployed"},
	{"a function built otherwise", "BuildMethod: makefile", "BuildMethod: go1.x", "is not built by the Makefile"},
	{"a variable less", "          AUTH_MODE: !Ref AuthMode\n", "          OTHER: !Ref AuthMode\n", "WsAuthorize has no variable AUTH_MODE"},
	{"a callback of its own", "CALLBACK_URL: !If [HasCallbackUrl", "CALLBACK_URL: !If [HasCallbackBase", "WsBroadcast has another CALLBACK_URL"},
	{"a function outside of the network", "      VpcConfig: !If [HasVpc, {SubnetIds", "      VpcConfig: !If [HasDomain, {SubnetIds", "WsAuthorize does not run in SubnetIds"},
	{"a parameter of all functions, whose change is not published", "        STACK_NAME: !Ref AWS::StackName\n", "        STACK_NAME: !Ref LogLevel\n", "Globals refers to the parameter LogLevel"},
	{"parameters that are put in place after SAM", "[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]", "[AWS::Serverless-2016-10-31, AWS::LanguageExtensions]", "SAM does not see the values of parameters"},
	{"parameters that stay references", "[AWS::LanguageExtensions, AWS::Serverless-2016-10-31]", "AWS::Serverless-2016-10-31", "SAM does not see the values of parameters"},
	{"changes that are not published", "AutoPublishAliasAllProperties: true", "AutoPublishAliasAllProperties: false", "is published"},
	{"a filter that drops metrics", "ApplicationLogLevel: DEBUG", "ApplicationLogLevel: !Ref LogLevel", "Lambda drops lines"},
	{"a function's own filter", "      Description: Sends a message back to its sender\n", "      Description: Sends a message back to its sender\n      LoggingConfig: {ApplicationLogLevel: WARN}\n", "WsEcho has a filter"},
	{"a variable that nothing reads", "        QUEUE_URL: !Ref DeliveryQueue\n", "        QUEUE_URL: !Ref DeliveryQueue\n        OTHER: !Ref DeliveryQueue\n", "the variable OTHER, which none reads"},
	{"no level of the log", "          LOG_LEVEL: !Ref LogLevel\n", "          LEVEL: !Ref LogLevel\n", "WsAuthorize has no variable LOG_LEVEL"},
	{"no log group", "LogGroup: !Ref FunctionLogs", "LogGroup: echo", "no log group of ours"},
	{"logs forever", "      RetentionInDays: !Ref LogRetentionDays\n", "", "keeps its logs forever"},
	{"a right to scan", "dynamodb:PutItem, dynamodb:Query]", "dynamodb:PutItem, dynamodb:Scan]", "may dynamodb:Scan"},
	{"a right to everything of a service", "[dynamodb:DeleteItem, dynamodb:GetItem, dynamodb:PutItem, dynamodb:Query]", "dynamodb:*", "may dynamodb:*"},
	{"a right everywhere", "Resource: !GetAtt Table.Arn", `Resource: "*"`, "everywhere"},
	{"a policy of AWS", "      Policies:\n", "      Policies:\n        - AmazonDynamoDBFullAccess\n", "WsConnect has the policy AmazonDynamoDBFullAccess"},
	{"a right of all functions", "    PropagateTags: true\n", "    PropagateTags: true\n    Policies: AmazonDynamoDBFullAccess\n", "Globals has the policy AmazonDynamoDBFullAccess"},
	{"a role that SAM did not make", "      Description: Sends a message back to its sender\n", "      Description: Sends a message back to its sender\n      Role: !GetAtt WsChatRole.Arn\n", "WsEcho has Role"},
	{"an event, which brings rights to every queue", "      Description: Sends a message back to its sender\n", "      Description: Sends a message back to its sender\n      Events: {Queue: {Type: SQS}}\n", "WsEcho has Events"},
	{"a role without the key", "Action: [kms:Decrypt, kms:GenerateDataKey]", "Action: [kms:Decrypt]", "with the key"},
	{"a log without the key", "      KmsKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n", "", "does not take the key"},
	{"a queue without the key", "      KmsMasterKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n", "", "Queue does not take the key"},
	{"no expiry", "AttributeName: exp\n        Enabled: true", "AttributeName: exp\n        Enabled: false", "TimeToLiveSpecification.Enabled"},
	{"expiry by another attribute", "AttributeName: exp\n", "AttributeName: ttl\n", "TimeToLiveSpecification.AttributeName"},
	{"no recovery", "PointInTimeRecoveryEnabled: !Ref PointInTimeRecovery", "PointInTimeRecoveryEnabled: false", "PointInTimeRecoveryEnabled"},
	{"a table without protection", "      DeletionProtectionEnabled: !Ref DeletionProtection\n", "", "DeletionProtectionEnabled"},
	{"no encryption", "SSEEnabled: true", "SSEEnabled: false", "SSEEnabled"},
	{"a type of encryption without a key", "SSEType: !If [HasKmsKey, KMS, !Ref AWS::NoValue]", "SSEType: KMS", "a key of one's own"},
	{"a table that goes with its stack", "DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete", "goes with its stack"},
	{"a short visibility", "VisibilityTimeout: 180", "VisibilityTimeout: 179", "less than six times"},
	{"no dead letters", "maxReceiveCount: 5", "maxReceiveCount: 500", "does not give up"},
	{"dead letters for a day", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 86400", "14 days"},
	{"a worker that is stopped", "RecursiveLoop: Allow", "RecursiveLoop: Terminate", "deliveries that split"},
	{"the worker's draft", "FunctionName: !Ref WsDeliver.Alias", "FunctionName: !Ref WsDeliver", "WsDeliverSource does not call"},
	{"batches", "BatchSize: 1", "BatchSize: 10", "one delivery at a time"},
	{"failures that are lost", "FunctionResponseTypes: [ReportBatchItemFailures]", "FunctionResponseTypes: []", "one delivery at a time"},
	{"more workers than share the rate", "        MaximumConcurrency: !Ref MaximumConcurrency", "        MaximumConcurrency: 1000", "DeliveryQueue has no workers"},
	{"retries that fill the workers", "        MaximumConcurrency: 2\n", "        MaximumConcurrency: 3\n", "RetryQueue has no workers"},
	{"retries that nobody works on", "EventSourceArn: !GetAtt RetryQueue.Arn", "EventSourceArn: !GetAtt DeadLetterQueue.Arn", "RetryQueue has no workers"},
	{"a queue behind another's worker", "FunctionName: !Ref WsRelay.Alias", "FunctionName: !Ref WsDeliver.Alias", "RelayQueue has no workers"},
	{"more relays than share the rate", "EventSourceArn: !GetAtt RelayQueue.Arn\n      BatchSize: 1\n      FunctionResponseTypes: [ReportBatchItemFailures]\n      ScalingConfig:\n        MaximumConcurrency: !Ref MaximumConcurrency", "EventSourceArn: !GetAtt RelayQueue.Arn\n      BatchSize: 1\n      FunctionResponseTypes: [ReportBatchItemFailures]\n      ScalingConfig:\n        MaximumConcurrency: 1000", "RelayQueue has no workers"},
	{"rooms that wait for minutes", "VisibilityTimeout: 15\n", "VisibilityTimeout: 180\n", "RelayQueue: VisibilityTimeout is 180"},
	{"rooms that are shown again while somebody works on them", "Timeout: 12\n", "Timeout: 30\n", "and WsRelay's Timeout 30"},
	{"rooms that become dead letters", "MessageRetentionPeriod: 3600\n", "MessageRetentionPeriod: 3600\n      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadLetterQueue.Arn, maxReceiveCount: 5}\n", "gives up rooms"},
	{"rooms whose frames do not last", "MessageRetentionPeriod: 3600\n", "MessageRetentionPeriod: 60\n", "for as long as deliveries live"},
	{"a relay that is stopped", "it came from.\n      RecursiveLoop: Allow\n", "it came from.\n", "Lambda would stop rooms"},
	{"retries that go another way", "        RETRY_QUEUE_URL: !Ref RetryQueue\n", "", "WsDeliver has no variable RETRY_QUEUE_URL"},
	{"a fraction of a day", "AllowedPattern: \"^[1-9][0-9]{0,4}$\"", "AllowedPattern: \"^[1-9][0-9.]{0,4}$\"", "HistoryDays may be no whole number"},
	{"jwt without an issuer", "      - Assert: !Not [!Equals [!Ref JwtIssuer, \"\"]]\n        AssertDescription: AuthMode=jwt needs JwtIssuer\n", "", "no rule asks for JwtIssuer"},
	{"jwt without a key set", "!Not [!Equals [!Ref JwksUrl, \"\"]]", "!Not [!Equals [!Ref JwtIssuer, \"\"]]", "no rule asks for JwksUrl"},
	{"new versions at once", "Enabled: !Ref GradualDeploy", "Enabled: false", "not switched by GradualDeploy"},
	{"a worker whose new version nobody watches", ", !Ref RelayErrorsAlarm], []]", "], []]", "new versions are taken back by"},
	{"a release that bad tokens stop", "!Ref RelayErrorsAlarm], []]", "!Ref RelayErrorsAlarm, !Ref AuthorizerErrorsAlarm], []]", "new versions are taken back by"},
	{"a function with alarms of its own", "      Description: Sends a message back to its sender\n", "      Description: Sends a message back to its sender\n      DeploymentPreference: {Alarms: []}\n", "WsEcho has a DeploymentPreference of its own"},
	{"a gradual deployment without its alarms", "Watched: !Or [!Condition HasMonitoring, !Equals [!Ref GradualDeploy, \"true\"]]", "Watched: !Or [!Condition HasMonitoring, !Equals [!Ref Stage, \"prod\"]]", "GradualDeploy alone does not bring"},
	{"alarms that cost where nobody listens", "  FaultsAlarm:\n    Type: AWS::CloudWatch::Alarm\n    Condition: Watched\n", "  FaultsAlarm:\n    Type: AWS::CloudWatch::Alarm\n", "FaultsAlarm costs"},
	{"a dashboard that costs where nobody looks", "    Condition: HasMonitoring\n", "", "MonitoringStack costs"},
	{"a stack within that gets too little", "        Table: !Ref Table\n", "", "monitoring.yaml has the parameters"},
	{"a stack within that gets another queue", "RetryQueue: !GetAtt RetryQueue.QueueName", "RetryQueue: !GetAtt DeliveryQueue.QueueName", "monitoring.yaml gets DeliveryQueue as RetryQueue"},
	{"a parameter within that nothing uses", "  Table: {Type: String}\n", "  Table: {Type: String}\n  Unused: {Type: String}\n", "Unused"},
	{"no alarm about errors", "MetricName: Errors", "MetricName: Invocations", "no alarm is about Errors WsDeliver"},
	{"an alarm about a whole account", "      Dimensions: [{Name: FunctionName, Value: !Ref WsDeliver}]\n", "", "no alarm is about Errors WsDeliver"},
	{"no alarm about the retries", "[{Name: QueueName, Value: !Ref RetryQueue}]", "[{Name: QueueName, Value: !Ref DeadLetterQueue}]", "no alarm is about ApproximateAgeOfOldestMessage RetryQueue"},
	{"an alarm too many", "MetricName: Throttles", "MetricName: Invocations", "an alarm is about Invocations, which nobody asked for"},
	{"an alarm about a metric that nothing counts", "MetricName: !Sub \"IntegrationErrors/${AWS::StackName}\", MetricValue", "MetricName: Integrations, MetricValue", "IntegrationErrorsAlarm is about a metric that no filter counts"},
	{"a dashboard without the retries", "\"ApproximateAgeOfOldestMessage\", \"QueueName\", \"${RetryQueue}\"", "\"ApproximateAgeOfOldestMessage\", \"QueueName\", \"${DeadLetterQueue}\"", "the dashboard does not show ApproximateAgeOfOldestMessage of RetryQueue"},
	{"no alarm about rooms that wait", "[{Name: QueueName, Value: !Ref RelayQueue}]", "[{Name: QueueName, Value: !Ref DeadLetterQueue}]", "no alarm is about ApproximateAgeOfOldestMessage RelayQueue"},
	{"a dashboard without the wait of lines", `"RelayWaitMs", "Stack", "${StackName}", {"stat": "p99"}`, `"RelayWaitMs", "Stack", "${StackName}", {"stat": "p90"}`, "the dashboard does not show the p99 of RelayWaitMs"},
	{"faults that nobody counts", "LogGroupName: !Ref FunctionLogs\n      FilterPattern", "LogGroupName: !Ref WsApiAccessLogs\n      FilterPattern", "are not counted by Faults"},
	{"an alarm without a word about it", "  LatencyAlarm:", "  SlownessAlarm:", "docs/operations.md tells of the alarms"},
	{"an alarm that tells nobody", "AlarmActions: !If [HasAlarmTopic", "AlarmActions: !If [HasDomain", "tells nobody"},
	{"an alarm on silence", "TreatMissingData: notBreaching", "TreatMissingData: breaching", "that may be missing"},
	{"broadcasts without a throttle of their own", "        broadcast:\n          ThrottlingRateLimit", "        echo:\n          ThrottlingRateLimit", "route broadcast is not throttled"},
	{"disconnects that a low throttle drops", "ThrottlingRateLimit: 2500", "ThrottlingRateLimit: !Ref ThrottlingRate", "route $disconnect has ThrottlingRateLimit"},
	{"a query for another request's id", "cause, gatewayRequestId", "cause, requestId", "QueryFailures asks for requestId"},
	{"no query for a client's quotation", `filter @message like "FILL-IN"`, `filter requestId = "x"`, "that a client quotes"},
	{"an access log without the address", `"sourceIp":"$context.identity.sourceIp",`, "", "the access log has no sourceIp"},
	{"half of a route's settings", "          ThrottlingBurstLimit: !Ref ConnectBurst\n", "", "the settings of route $connect have no ThrottlingBurstLimit"},
	{"a dashboard that is no JSON", `{"widgets": [`, `{"widgets": {`, "the dashboard"},
	{"tokens in the access log", `"routeKey":`, `"auth":"$context.authorizer.token","routeKey":`, "the access log keeps token"},
}

// TestTemplateMistakes shows that each check of TestTemplate can fail.
func TestTemplateMistakes(t *testing.T) {
	text, nested := readTemplate(t), readMonitoring(t)
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			mutant, nestedMutant := strings.Replace(text, m.old, m.mistake, 1), nested
			if mutant == text {
				nestedMutant = strings.Replace(nested, m.old, m.mistake, 1)
			}
			if mutant == text && nestedMutant == nested {
				t.Fatalf("the template has no %q", m.old)
			}
			if all := strings.Join(complaints(mutant, nestedMutant), "\n"); !strings.Contains(all, m.want) {
				t.Errorf("no complaint says %q:\n%s", m.want, all)
			}
		})
	}
}
