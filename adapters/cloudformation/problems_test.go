package cloudformation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wsecho/adapters/cloudformation"
)

// api is a template with one function behind one route; a test changes a part of it.
const api = `Transform: AWS::Serverless-2016-10-31
Conditions: {Never: !Equals [a, b]}
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes:
        echo: {FunctionArn: !GetAtt Echo.Arn}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      CodeUri: code
      Environment:
        Variables:
          NAME: value
`

// changed is the template with one text in place of another.
func changed(old, new string) string {
	if strings.Count(api, old) != 1 {
		panic(old)
	}
	return strings.Replace(api, old, new, 1)
}

func variable(value string) string { return changed("NAME: value", "NAME: "+value) }

// TestErrors: each is one line with its place, and says what to do.
func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		// want begins the line, without the folder of the template.
		want string
	}{
		"no YAML":                 {"a: [", "template.yaml:1: is neither YAML nor JSON"},
		"empty":                   {"", "template.yaml: is empty"},
		"something else":          {"hello: world", "template.yaml: has no Resources"},
		"a key twice":             {api + "Conditions: {}\n", "template.yaml:19: Conditions is there twice"},
		"aliases of aliases":      {bomb(), "template.yaml:1: is deeper or larger"},
		"alias of itself":         {"Resources: &a [*a]", "template.yaml:1: is deeper or larger"},
		"unknown function":        {variable("!Magic x"), "template.yaml:18: Echo: the function Fn::Magic is unknown here; use one"},
		"condition in a value":    {variable("!Equals [a, b]"), "template.yaml:18: Echo: the function Fn::Equals is unknown here; use it in the section Conditions"},
		"unknown name":            {variable("!Ref Nothing"), "template.yaml:18: Echo: there is no parameter and no resource Nothing"},
		"unknown name in Sub":     {variable("!Sub 'a ${Nothing.Arn}'"), "template.yaml:18: Echo: there is no parameter and no resource Nothing"},
		"unknown pseudo":          {variable("!Ref AWS::Nothing"), "template.yaml:18: Echo: there is no pseudo parameter AWS::Nothing"},
		"unknown condition":       {variable("!If [Nothing, a, b]"), "template.yaml:18: Echo: there is no condition Nothing"},
		"unknown mapping":         {variable("!FindInMap [Nothing, a, b]"), "template.yaml:18: Echo: there is no a.b in the mapping Nothing"},
		"item out of a list":      {variable("!Select [2, [a, b]]"), "template.yaml:18: Echo: Fn::Select wants item 2 of a list of 2"},
		"list for a text":         {variable("!Split [',', 'a,b']"), "template.yaml:18: Echo: there is a list or a mapping where a text is expected"},
		"argument of another one": {variable("!Join a"), "template.yaml:18: Echo: Fn::Join has no argument of the kind it needs"},
		"no transform for it":     {variable("{Fn::Length: [a]}"), "template.yaml:18: Echo: Fn::Length needs AWS::LanguageExtensions"},
		"null":                    {variable(""), "template.yaml:18: Echo: the variable NAME has no value"},
		"cycle of conditions":     {changed("Never: !Equals [a, b]", "Never: !Not [!Condition Never], Used: !Condition Never") + "    Condition: Used\n", "template.yaml:2: Echo: the condition Never depends on itself"},
		"cycle of resources":      {variable("!Ref Table") + "  Table: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: !Sub '${Echo}-x'}}\n", "template.yaml:10: Echo: resources depend on each other: Echo -> Table -> Echo"},
		"name that is not there":  {variable("!Ref Table") + "  Table: {Type: 'AWS::DynamoDB::Table', Condition: Never}\n", "template.yaml:18: Echo: Table is not there: its condition Never does not hold"},
		"missing code":            {changed("CodeUri: code", "CodeUri: other"), "template.yaml:15: Echo: the code is not there: other"},
		"no code":                 {changed("      CodeUri: code\n", ""), "template.yaml:10: Echo: the function has no code"},
		"code in S3":              {changed("CodeUri: code", "CodeUri: s3://bucket/key"), "template.yaml:15: Echo: the code is in S3"},
		"no runtime":              {changed("      Runtime: nodejs22.x\n", ""), "template.yaml:10: Echo: Runtime is missing; add it, such as nodejs22.x"},
		"image":                   {changed("CodeUri: code", "PackageType: Image"), "template.yaml:10: Echo: functions in container images are not run"},
		"time-out":                {changed("CodeUri: code", "CodeUri: code\n      Timeout: 901"), "template.yaml:16: Echo: Timeout is 15m1s"},
		"no number":               {changed("CodeUri: code", "CodeUri: code\n      Timeout: long"), "template.yaml:16: Echo: \"long\" is no number"},
		"no SAM":                  {changed("Transform: AWS::Serverless-2016-10-31", "Description: x"), "template.yaml:4: Api: AWS::Serverless::WebSocketApi needs SAM's transform"},
		"no routes":               {changed("        echo: {FunctionArn: !GetAtt Echo.Arn}\n", ""), "template.yaml:4: Api: the API has no routes"},
		"a key SAM doesn't take":  {changed("echo: {", "say-it: {"), "template.yaml:9: Api: SAM takes no route key but letters and digits: say-it"},
		"no type":                 {api + "  Other: {}\n", "template.yaml:19: Other: has no Type"},
		"authorizer of nothing":   {changed("      Routes:", "      Auth: {AuthType: CUSTOM}\n      Routes:\n        $connect: {FunctionArn: !GetAtt Echo.Arn}"), "template.yaml:8: Api: AuthType CUSTOM needs AuthArn"},
		"lower case":              {changed("      Routes:", "      Auth: {AuthType: custom}\n      Routes:\n        $connect: {FunctionArn: !GetAtt Echo.Arn}"), "template.yaml:8: Api: AuthType is \"custom\""},
		"parameter without value": {"Parameters: {P: {Type: String}}\n" + api, "template.yaml:1: P: the parameter has neither a value nor a Default; give -p P=Value"},
		"Parameter Store":         {"Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /x}}\n" + variable("!Ref P"), "template.yaml:19: Echo: the parameter P is in Parameter Store, which is not asked; give -p P=Value, the value itself"},
		"value not allowed":       {"Parameters: {P: {Type: String, Default: c, AllowedValues: [a, b]}}\n" + api, "template.yaml:1: P: \"c\" is none of AllowedValues: a, b"},
		"number too small":        {"Parameters: {P: {Type: Number, Default: -3, MinValue: -2}}\n" + api, "template.yaml:1: P: \"-3\" is below MinValue -2"},
		"what must not begin":     {"Parameters: {P: {Type: String, Default: FILL-IN, AllowedPattern: '^(?!FILL-IN).*$'}}\n" + api, "template.yaml:1: P: \"FILL-IN\" does not match"},
		"what comes after that":   {"Parameters: {P: {Type: String, Default: b, AllowedPattern: '^(?!FILL-IN)a*$'}}\n" + api, "template.yaml:1: P: \"b\" does not match"},
		"pattern":                 {"Parameters: {P: {Type: String, Default: abc, AllowedPattern: 'a'}}\n" + api, "template.yaml:1: P: \"abc\" does not match AllowedPattern a"},
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t, test.text)
			_, err := cloudformation.Load(path, cloudformation.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+string(filepath.Separator), "")
			if !strings.HasPrefix(got, test.want) || strings.Contains(got, "\n") || !strings.Contains(got, "; ") {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// bomb is a YAML of aliases of aliases: a billion values in some lines.
func bomb() string {
	text := "a0: &a0 x\n"
	for i := range 10 {
		item := fmt.Sprintf("*a%d,", i)
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(item, 10))
	}
	return text
}

// TestLongTextsEnd: a text that doubles at each level is refused before it is made.
func TestLongTextsEnd(t *testing.T) {
	value := "x"
	for range 40 {
		value = "!Sub ['${a}${a}', {a: " + value + "}]"
	}
	if _, err := cloudformation.Load(written(t, variable(value)), cloudformation.Options{}); err == nil || !strings.Contains(err.Error(), "more than a megabyte") {
		t.Errorf("got %v", err)
	}
}

// withoutRight has a function that API Gateway may not invoke, since only S3 may.
const withoutRight = `Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: echo, Target: !Sub "integrations/${Integration}"}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Echo.Arn}
  Right:
    Type: AWS::Lambda::Permission
    Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref Echo, Principal: s3.amazonaws.com}
  Echo:
    Type: AWS::Lambda::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, Code: {ZipFile: "exports.handler = async () => ({})"}}
`

func TestWarnings(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a function that nothing invokes": {api + "  Other: {Type: 'AWS::Serverless::Function', Properties: {Runtime: x, Handler: y, CodeUri: nowhere}}\n", "Other: the code is not there"},
		"one setting of two":              {changed("Echo.Arn}", "Echo.Arn, RouteResponseSelectionExpression: $default}"), "what the route echo returns is thrown away: it has no RouteResponse"},
		"an attribute of AWS's":           {variable("!GetAtt Pool.Url") + "  Pool: {Type: 'AWS::Cognito::UserPool'}\n", "give it by -value Pool.Url=Value"},
		"an id of AWS's":                  {variable("!Ref Pool") + "  Pool: {Type: 'AWS::Cognito::UserPool'}\n", "give it by -value Pool=Value"},
		"another stack's export":          {variable("!ImportValue x"), "give it by -value 'ImportValue x=Value'"},
		"a nested stack":                  {api + "  Nested: {Type: 'AWS::CloudFormation::Stack'}\n", "Nested: nested stacks are not read"},
		"a function elsewhere":            {changed("!GetAtt Echo.Arn", "arn:aws:lambda:us-east-1:000000000000:function:other"), "the route echo is refused: the template has no function other"},
		"the other setting of two":        {api + "  Reply: {Type: 'AWS::ApiGatewayV2::RouteResponse', Properties: {ApiId: !Ref Api, RouteId: !Ref ApiEchoRoute, RouteResponseKey: $default}}\n", "what the route echo returns is thrown away: it has a RouteResponse only"},
		"a right of somebody else":        {withoutRight, "Integration: API Gateway has no right to invoke Echo"},
		"a REST API":                      {api + "  Rest: {Type: 'AWS::ApiGateway::RestApi'}\n", "Rest: REST APIs are not served"},
		"a key that SAM loses":            {changed("        echo: {", "        Echo: {FunctionArn: !GetAtt Echo.Arn}\n        echo: {"), "SAM keeps one of the routes echo and Echo"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := warnings(load(t, written(t, test.text), cloudformation.Options{})); !strings.Contains(got, test.want) {
				t.Errorf("warnings: %s", got)
			}
		})
	}
}

// TestUnknownParameter: a misspelt one would leave the default in place without a word.
func TestUnknownParameter(t *testing.T) {
	_, err := cloudformation.Load(written(t, api), cloudformation.Options{Parameters: map[string]string{"Tabel": "x"}})
	if err == nil || !strings.Contains(err.Error(), "-p Tabel: the template has no parameter Tabel") {
		t.Errorf("got %v", err)
	}
}

func TestIncludedFile(t *testing.T) {
	path := written(t, variable("{Fn::Transform: {Name: AWS::Include, Parameters: {Location: name.yaml}}}"))
	included := filepath.Join(filepath.Dir(path), "name.yaml")
	if err := os.WriteFile(included, []byte(`{"Fn::Sub": "from ${AWS::Region}"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := load(t, path, cloudformation.Options{}).Function("Echo").Environment["NAME"]; got != "from us-east-1" {
		t.Errorf("NAME is %q", got)
	}
	itself := `{"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "name.yaml"}}}`
	if err := os.WriteFile(included, []byte(itself), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cloudformation.Load(path, cloudformation.Options{}); err == nil || !strings.Contains(err.Error(), "or one of them itself") {
		t.Errorf("got %v", err)
	}
}

// FuzzLoad: whatever is in a template, reading it ends without a panic, with an application or with lines that have a
// place.
func FuzzLoad(f *testing.F) {
	for _, path := range []string{root + "/template.yaml", "testdata/chat.yaml", "testdata/authorizer.yaml", "testdata/mock.json", "testdata/cdk.out/Chat.template.json"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(api)
	f.Add(variable("!If [Never, !Join [',', [a, !Ref Api]], {Fn::Select: [0, !GetAZs '']}]"))
	f.Add(bomb())
	directory := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(directory, fmt.Sprintf("%d.yaml", os.Getpid()))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		application, err := cloudformation.Load(path, cloudformation.Options{})
		if (application == nil) == (err == nil) {
			t.Errorf("%v, %v", application, err)
		}
		for line := range strings.Lines(fmt.Sprint(err)) {
			if err != nil && !strings.HasPrefix(line, path) {
				t.Errorf("no place: %q", line)
			}
		}
	})
}
