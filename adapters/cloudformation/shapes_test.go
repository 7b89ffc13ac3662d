package cloudformation_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wsecho/adapters/cloudformation"
)

// routesOf returns what each route does: its function, mock, or why it is refused, and whether it replies.
func routesOf(api cloudformation.API) map[string]string {
	all := map[string]string{}
	for _, route := range api.Routes {
		does := route.Integration.Function + route.Integration.Unsupported
		if route.Integration.Mock != nil {
			does = "mock"
		}
		if route.Replies() {
			does += ", replies"
		}
		all[route.Key] = does
	}
	return all
}

func testdata(t *testing.T, path ...string) string {
	absolute, err := filepath.Abs(filepath.Join(append([]string{"testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

func warnings(application *cloudformation.Application) string {
	var all []string
	for _, warning := range application.Warnings {
		all = append(all, warning.Error())
	}
	return strings.Join(all, "\n")
}

func TestPlainResources(t *testing.T) {
	application := load(t, "testdata/chat.yaml", cloudformation.Options{StackName: "chat", Region: "eu-central-1"})
	api := application.APIs[0]
	if got, want := routesOf(api), map[string]string{"$connect": "OnConnect", "sendmessage": "Send", "queue": "integrations of type AWS are not supported"}; !maps.Equal(got, want) {
		t.Errorf("routes %v", got)
	}
	if api.RouteSelectionExpression != "$request.body.message" || api.Stages[0].Name != "Prod" || api.Stages[0].Variables["colour"] != "green" {
		t.Errorf("API %+v", api)
	}
	if api.Routes[1].Integration.Timeout != time.Second || api.Routes[0].Integration.Timeout != 29*time.Second {
		t.Errorf("timeouts of %+v", api.Routes)
	}
	connect, send := application.Function("OnConnect"), application.Function("Send")
	if connect.Memory != 256 || connect.Timeout != 5*time.Second || connect.Architecture != "x86_64" || connect.Code.Directory != testdata(t, "code") {
		t.Errorf("OnConnect %+v", connect)
	}
	want := map[string]string{"TABLE_NAME": "connections", "FROM": "globals", "TABLE_ARN": "arn:aws:dynamodb:eu-central-1:000000000000:table/connections",
		"LITERAL": "${name} of chat", "URL": "https://" + api.ID + ".eu-central-1.amazonaws.com/Prod"}
	if connect.Environment["FROM"] != "function" || !maps.Equal(send.Environment, want) {
		t.Errorf("environments %v, %v", connect.Environment, send.Environment)
	}
	if len(send.Sources) != 1 || send.Sources[0].Type != "SQS" || send.Sources[0].ARN != "arn:aws:sqs:us-east-1:000000000000:q" {
		t.Errorf("Send is invoked by %+v", send.Sources)
	}
	if got := warnings(application); !strings.HasPrefix(got, "testdata/chat.yaml:52: QueueRoute: the route queue is refused") || len(application.Warnings) != 1 {
		t.Errorf("warnings: %s", got)
	}
}

func TestWebSocketAPIWithAuthorizer(t *testing.T) {
	application := load(t, "testdata/authorizer.yaml", cloudformation.Options{})
	api := application.APIs[0]
	if got, want := routesOf(api), map[string]string{"$connect": "Handle", "sendMessage": "Handle, replies"}; !maps.Equal(got, want) {
		t.Errorf("routes %v", got)
	}
	authorizer := api.Routes[0].Authorizer
	if authorizer.Function != "Authorize" || len(authorizer.IdentitySources) != 2 || api.Routes[1].Integration.Timeout != 500*time.Millisecond {
		t.Errorf("routes %+v, authorizer %+v", api.Routes, authorizer)
	}
	if stage := api.Stages[0]; stage.Name != "default" || stage.Throttle != (cloudformation.Throttle{Rate: 7, Burst: 9}) || stage.Variables["stack"] != "local" {
		t.Errorf("stage %+v", stage)
	}
	handle := application.Function("Handle")
	want := map[string]string{"MODE": "guarded", "FIRST": "One", "ALL": "One+Two", "LAST": "b", "ENCODED": "aGVsbG8="}
	if handle.Name != "local-handle" || handle.Memory != 512 || !maps.Equal(handle.Environment, want) || application.Function("Authorize").Architecture != "arm64" {
		t.Errorf("Handle %+v", handle)
	}
	if worker := application.Function("WorkerTwo"); worker == nil || worker.Environment["TEXT"] != "the Two of us-east-1" || worker.Environment["KEY"] != "Two" {
		t.Errorf("WorkerTwo %+v", worker)
	}
	if got := warnings(application); !strings.Contains(got, "{{resolve:ssm:/secret}} is not looked up") || len(application.Warnings) != 1 {
		t.Errorf("warnings: %s", got)
	}
}

func TestMock(t *testing.T) {
	application := load(t, "testdata/mock.json", cloudformation.Options{})
	api := application.APIs[0]
	if got := routesOf(api); !maps.Equal(got, map[string]string{"ping": "mock, replies"}) || api.Name != "mock 😀" || len(application.Warnings) > 0 {
		t.Errorf("%+v, %v", api, application.Warnings)
	}
	mock := api.Routes[0].Integration.Mock
	if mock.RequestTemplates["$default"] != `{"statusCode": 200}` || mock.TemplateSelectionExpression != `\$default` || len(mock.Responses) != 1 ||
		mock.Responses[0].Key != "$default" || mock.Responses[0].Templates["$default"] != `{"type": "pong"}` {
		t.Errorf("mock %+v", mock)
	}
}

func TestCDK(t *testing.T) {
	application := load(t, "testdata/cdk.out/Chat.template.json", cloudformation.Options{})
	api := application.APIs[0]
	if got := routesOf(api); !maps.Equal(got, map[string]string{"$connect": "Handler886CB40B", "$default": "Handler886CB40B, replies"}) {
		t.Errorf("routes %v", got)
	}
	if authorizer := api.Routes[0].Authorizer; authorizer == nil || authorizer.Function != "AuthorizerF0A2B3C4" || !slices.Equal(authorizer.IdentitySources, []string{"route.request.querystring.token"}) {
		t.Errorf("authorizer %+v", authorizer)
	}
	for _, f := range application.Functions {
		// One says where its asset is, the other is found by its hash.
		if f.Code.Directory != testdata(t, "cdk.out", "asset.0f1e2d") {
			t.Errorf("%s has the code %+v", f.LogicalID, f.Code)
		}
	}
	if len(application.Warnings) > 0 || application.Functions[0].Environment["TABLE_NAME"] != "Table710B521B" {
		t.Errorf("warnings: %s", warnings(application))
	}
}

// TestCode: where code may be, besides in a folder.
func TestCode(t *testing.T) {
	path := written(t, changed("CodeUri: code", "CodeUri: ./code.zip"))
	archive := filepath.Join(filepath.Dir(path), "code.zip")
	if err := os.WriteFile(archive, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := load(t, path, cloudformation.Options{}).Function("Echo").Code; got != (cloudformation.Code{Archive: archive}) {
		t.Errorf("an archive is %+v", got)
	}
	path = written(t, changed("CodeUri: code", "InlineCode: !Sub 'exports.region = \"${AWS::Region}\"'"))
	if got := load(t, path, cloudformation.Options{}).Function("Echo").Code; got != (cloudformation.Code{Inline: `exports.region = "us-east-1"`}) {
		t.Errorf("code in the template is %+v", got)
	}
}

// TestBuiltTemplate: what sam build makes is below the folder that has samconfig.toml.
func TestBuiltTemplate(t *testing.T) {
	directory := t.TempDir()
	build := filepath.Join(directory, ".aws-sam", "build")
	if err := os.MkdirAll(filepath.Join(build, "Echo"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(directory, "samconfig.toml"): "[default.deploy.parameters]\nstack_name = \"built\"\n",
		filepath.Join(build, "template.yaml"):      changed("CodeUri: code", "CodeUri: Echo"),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	application := load(t, filepath.Join(build, "template.yaml"), cloudformation.Options{})
	if application.StackName != "built" || application.Functions[0].Code.Directory != filepath.Join(build, "Echo") {
		t.Errorf("%+v", application)
	}
}

// TestConfigurationFile reads each form in which SAM's configuration has parameters.
func TestConfigurationFile(t *testing.T) {
	for name, overrides := range map[string]string{
		"text":        `parameter_overrides = "TableName=other Unused=\"a b\""`,
		"lines":       "parameter_overrides = \"\"\"\nTableName=other\nUnused='a b'\n\"\"\"",
		"list":        `parameter_overrides = ["Unused=x", "TableName=\"other\""]`,
		"keys":        `parameter_overrides = "ParameterKey=TableName,ParameterValue=other ParameterKey=Unused,ParameterValue=x"`,
		"table":       `parameter_overrides = {TableName = "other", Unused = ["a", "b"]}`,
		"two at once": "parameter_overrides = [\"TableName=other Unused=x\"]",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.toml")
			text := "version = 0.1\n[test.global.parameters]\nstack_name = \"stack\"\n[test.deploy.parameters]\nregion = \"eu-west-1\"\n" + overrides
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			application := load(t, "testdata/chat.yaml", cloudformation.Options{Config: path, Environment: "test"})
			if got := application.Function("OnConnect").Environment["TABLE_NAME"]; got != "other" || application.StackName != "stack" || application.Region != "eu-west-1" {
				t.Errorf("TABLE_NAME is %q, stack %s", got, application.StackName)
			}
			if !strings.Contains(warnings(application), "the template has no parameter Unused") {
				t.Errorf("warnings: %s", warnings(application))
			}
		})
	}
}
