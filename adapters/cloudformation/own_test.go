package cloudformation_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wsecho/adapters/cloudformation"
)

const root = "../.."

func load(t *testing.T, path string, options cloudformation.Options) *cloudformation.Application {
	t.Helper()
	application, err := cloudformation.Load(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return application
}

// prodParameters fill in what samconfig.toml leaves to whoever deploys.
var prodParameters = map[string]string{
	"JwtIssuer": "https://issuer.example.com", "JwtAudience": "wsecho", "JwksUrl": "https://issuer.example.com/jwks.json",
}

// TestOwnTemplate: the template of this module, as samconfig.toml deploys it.
func TestOwnTemplate(t *testing.T) {
	for environment, parameters := range map[string]map[string]string{"dev": nil, "prod": prodParameters} {
		t.Run(environment, func(t *testing.T) {
			application := load(t, root+"/template.yaml", cloudformation.Options{Environment: environment, Parameters: parameters})
			if len(application.APIs) != 1 {
				t.Fatalf("%d APIs", len(application.APIs))
			}
			checkRoutes(t, application.APIs[0])
			checkStage(t, application.APIs[0], environment)
			checkFunctions(t, application, environment)
			for _, warning := range application.Warnings {
				if warning.Resource != "MonitoringStack" {
					t.Error(warning)
				}
			}
		})
	}
}

// checkRoutes compares the routes with the text of the template, which names them one a line.
func checkRoutes(t *testing.T, api cloudformation.API) {
	text, err := os.ReadFile(root + "/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^        (\S+): \{FunctionArn: !Ref (\w+)\.Alias(, Route\S+ \$default)?\}$`).FindAllSubmatch(text, -1)
	if len(lines) < 10 || len(api.Routes) != len(lines) {
		t.Fatalf("%d routes, the template has %d", len(api.Routes), len(lines))
	}
	for i, line := range lines {
		route := api.Routes[i]
		if route.Key != string(line[1]) || route.Integration.Function != string(line[2]) || route.Replies() != (len(line[3]) > 0) {
			t.Errorf("route %d is %+v, the template has %s", i, route, line[0])
		}
		if authorized := route.Authorizer != nil; authorized != (route.Key == "$connect") {
			t.Errorf("route %s has the authorizer %v", route.Key, route.Authorizer)
		}
	}
	authorizer := api.Routes[0].Authorizer
	if authorizer == nil || authorizer.Function != "WsAuthorize" || authorizer.IdentitySources != nil {
		t.Errorf("authorizer %+v", authorizer)
	}
}

func checkStage(t *testing.T, api cloudformation.API, environment string) {
	want := map[string]cloudformation.Throttle{"$connect": {Rate: 20, Burst: 40}, "$disconnect": {Rate: 2500, Burst: 1250}, "broadcast": {Rate: 5, Burst: 5}}
	throttle := cloudformation.Throttle{Rate: 20, Burst: 100}
	if environment == "prod" {
		want = map[string]cloudformation.Throttle{"$connect": {Rate: 500, Burst: 500}, "$disconnect": {Rate: 2500, Burst: 1250}, "broadcast": {Rate: 20, Burst: 20}}
		throttle = cloudformation.Throttle{Rate: 2000, Burst: 1000}
	}
	stage := api.Stages[0]
	if len(api.Stages) != 1 || stage.Name != environment || stage.Throttle != throttle || !maps.Equal(stage.RouteThrottles, want) {
		t.Errorf("stages %+v", api.Stages)
	}
	if api.Name != "wsEcho" || api.RouteSelectionExpression != "$request.body.action" || !regexp.MustCompile(`^[a-z0-9]{10}$`).MatchString(api.ID) {
		t.Errorf("API %+v", api)
	}
}

func checkFunctions(t *testing.T, application *cloudformation.Application, environment string) {
	directory, _ := filepath.Abs(root)
	var ids []string
	for _, f := range application.Functions {
		ids = append(ids, f.LogicalID)
		if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || f.Architecture != "arm64" || f.Code.Directory != directory || f.BuildMethod != "makefile" {
			t.Errorf("function %+v", f)
		}
		if f.Environment["TABLE_NAME"] != "Table" || f.Environment["STACK_NAME"] != application.StackName || f.Environment["LOG_LEVEL"] != "INFO" ||
			f.Environment["QUEUE_URL"] != "https://sqs.us-east-1.amazonaws.com/000000000000/DeliveryQueue" {
			t.Errorf("%s has the environment %v", f.LogicalID, f.Environment)
		}
	}
	want := []string{"WsAuthorize", "WsConnect", "WsDisconnect", "WsDefault", "WsEcho", "WsBroadcast", "WsChat", "WsDeliver", "WsRelay"}
	if !slices.Equal(ids, want) {
		t.Errorf("functions %v", ids)
	}
	auth := application.Function("WsAuthorize").Environment
	if wantMode := map[string]string{"dev": "open", "prod": "jwt"}[environment]; auth["AUTH_MODE"] != wantMode || auth["JWT_ISSUER"] != prodParameters["JwtIssuer"] && environment == "prod" {
		t.Errorf("WsAuthorize has %v", auth)
	}
	url := "https://" + application.APIs[0].ID + ".execute-api.us-east-1.amazonaws.com/" + environment
	if chat := application.Function("WsChat"); chat.Environment["CALLBACK_URL"] != url || chat.Memory != 512 || chat.Timeout.Seconds() != 29 {
		t.Errorf("WsChat %+v", chat)
	}
	deliver := application.Function("WsDeliver").Sources
	if len(deliver) != 2 || deliver[1].ARN != "arn:aws:sqs:us-east-1:000000000000:RetryQueue" || deliver[1].Type != "AWS::Lambda::EventSourceMapping" {
		t.Errorf("WsDeliver is invoked by %+v", deliver)
	}
}

// TestPlaceholdersAreRefused: prod as it is would be refused by CloudFormation, and why is said.
func TestPlaceholdersAreRefused(t *testing.T) {
	_, err := cloudformation.Load(root+"/template.yaml", cloudformation.Options{Environment: "prod"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "the aud of your tokens goes here") {
		t.Errorf("got %v", err)
	}
	// The rule of the template that needs what mode jwt needs.
	_, err = cloudformation.Load(root+"/template.yaml", cloudformation.Options{Parameters: map[string]string{"AuthMode": "jwt"}})
	if err == nil || !strings.Contains(err.Error(), "AuthMode=jwt needs JwtIssuer") {
		t.Errorf("got %v", err)
	}
}

// TestGivenValues: what the caller knows goes before names made up.
func TestGivenValues(t *testing.T) {
	application := load(t, root+"/template.yaml", cloudformation.Options{
		Parameters: map[string]string{"CallbackBase": "http://127.0.0.1:1/callback"},
		Values:     map[string]string{"DeliveryQueue": "http://127.0.0.1:9324/000000000000/q", "Table": "t", "WsApi": "abcdefghij"},
	})
	environment := application.Function("WsBroadcast").Environment
	if environment["QUEUE_URL"] != "http://127.0.0.1:9324/000000000000/q" || environment["TABLE_NAME"] != "t" ||
		environment["CALLBACK_URL"] != "http://127.0.0.1:1/callback/abcdefghij/dev" || application.APIs[0].ID != "abcdefghij" || len(application.APIs[0].Routes) != 13 {
		t.Errorf("environment %v", environment)
	}
}
