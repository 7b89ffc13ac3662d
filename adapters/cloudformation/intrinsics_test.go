package cloudformation_test

import (
	"strings"
	"testing"

	"wsecho/adapters/cloudformation"
)

// TestIntrinsics: what a variable of a function comes to. The short and the long forms are the same to the reader.
func TestIntrinsics(t *testing.T) {
	const before = `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Text: {Type: String, Default: text}
  List: {Type: CommaDelimitedList, Default: "a, b,c"}
  Number: {Type: Number, Default: 010}
Mappings: {Map: {top: {second: value, list: [x, y]}}}
Conditions:
  IsText: !Equals [!Ref Text, text]
  IsOther: !Not [!Condition IsText]
  Both: !And [!Condition IsText, !Condition IsOther]
  Either: !Or [!Condition Both, !Condition IsText]
`
	template := before + strings.TrimPrefix(strings.Replace(api, "Conditions: {Never: !Equals [a, b]}\n", "", 1), "Transform: AWS::Serverless-2016-10-31\n")
	template += `  Queue: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Text}-topic"}}
  Bucket: {Type: AWS::S3::Bucket}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: !If [IsOther, x, !Ref AWS::NoValue]}}
`
	for value, want := range map[string]string{
		`{"Ref": "Text"}`:        "text",
		`!Ref Number`:            "8",
		`yes`:                    "true",
		`"yes"`:                  "yes",
		`!Select [1, !Ref List]`: "b",
		`!Join ["", [!Ref Text, "-", {Ref: "AWS::Region"}]]`:     "text-us-east-1",
		`!Join [",", [a, !Ref AWS::NoValue, b]]`:                 "a,b",
		`!Join ["/", !FindInMap [Map, top, list]]`:               "x/y",
		`!FindInMap [Map, !Sub "${X}op", second]`:                "",
		`!FindInMap [Map, none, second, {DefaultValue: other}]`:  "other",
		`!Sub "${Text}.${AWS::AccountId}.${!Text}"`:              "text.000000000000.${Text}",
		`!Sub ["${Text}${More}", {More: !Select [0, [z]]}]`:      "textz",
		`!If [Either, !If [Both, a, b], c]`:                      "b",
		`!Ref Queue`:                                             "https://sqs.us-east-1.amazonaws.com/000000000000/Queue.fifo",
		`!GetAtt Queue.Arn`:                                      "arn:aws:sqs:us-east-1:000000000000:Queue.fifo",
		`{"Fn::GetAtt": ["Topic", "TopicName"]}`:                 "text-topic",
		`!Ref Topic`:                                             "arn:aws:sns:us-east-1:000000000000:text-topic",
		`!Ref Bucket`:                                            "bucket",
		`!Ref Table`:                                             "Table",
		`!Sub "${Table.Arn}"`:                                    "arn:aws:dynamodb:us-east-1:000000000000:table/Table",
		`{"Fn::Length": !Ref List}`:                              "3",
		`{"Fn::ToJsonString": {b: 1, a: [!Ref Text, true]}}`:     `{"b":1,"a":["text",true]}`,
		`!Select [2, !GetAZs ""]`:                                "us-east-1c",
		`!Base64 "a"`:                                            "YQ==",
		`{"Ref": {"Fn::Sub": "${AWS::NoValue}"}}`:                "",
		`!Ref AWS::URLSuffix`:                                    "amazonaws.com",
		`!Sub "https://${Api}.execute-api.${AWS::Region}.aws/x"`: "https://" + idOfAPI(t) + ".execute-api.us-east-1.aws/x",
	} {
		text := strings.Replace(template, "NAME: value", "NAME: "+value, 1)
		application, err := cloudformation.Load(written(t, text), cloudformation.Options{})
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", value, err)
			}
			continue
		}
		if got := application.Function("Echo").Environment["NAME"]; got != want || want == "" {
			t.Errorf("%s comes to %q, want %q", value, got, want)
		}
	}
}

func idOfAPI(t *testing.T) string {
	return load(t, written(t, api), cloudformation.Options{}).APIs[0].ID
}

// TestURIs: the forms in which a route names its function.
func TestURIs(t *testing.T) {
	template := strings.Replace(api, "      Routes:", "      StageVariables: {function: Echo}\n      Routes:", 1)
	for uri, want := range map[string]string{
		"!GetAtt Echo.Arn":        "Echo",
		"!Ref Echo":               "Echo",
		"!Sub '${Echo.Arn}'":      "Echo",
		"!Sub '${Echo.Arn}:live'": "Echo",
		"'arn:aws:lambda:us-east-1:000000000000:function:${stageVariables.function}'":                  "Echo",
		"'arn:aws:lambda:us-east-1:0:function:${stageVariables.none}'":                                 "",
		"'arn:aws:sqs:us-east-1:000000000000:queue'":                                                   "",
		"!Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:Somebody-elses'": "",
	} {
		text := strings.Replace(template, "!GetAtt Echo.Arn", uri, 1)
		integration := load(t, written(t, text), cloudformation.Options{}).APIs[0].Routes[0].Integration
		if integration.Function != want || (integration.Unsupported == "") != (want != "") {
			t.Errorf("%s is %+v, want %q", uri, integration, want)
		}
	}
}

// TestSeveralAPIs: each has its own routes; one without a stage is served with a warning.
func TestSeveralAPIs(t *testing.T) {
	text := api + `  Other:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Other, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.kind}
  OtherRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Other, RouteKey: $default, Target: integrations/none}
  Http:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: Http, ProtocolType: HTTP}
`
	application := load(t, written(t, text), cloudformation.Options{})
	if len(application.APIs) != 2 || application.APIs[1].Stages[0].Name != "default" || application.APIs[0].ID == application.APIs[1].ID || len(application.APIs[1].Routes) != 1 {
		t.Errorf("APIs %+v", application.APIs)
	}
	got := warnings(application)
	for _, want := range []string{"Other: the API has no stage", "OtherRoute: the route $default is refused", "Http: HTTP APIs are not served"} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning %q in %s", want, got)
		}
	}
}
