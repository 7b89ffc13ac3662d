package functions_test

import "testing"

// TestTemplateStatements holds the template to the four statements T01 to T04 about what SAM makes of a WebSocket API,
// whose others adapters/gateway is held to.
//
// T03 was measured: SAM's translator 1.110.0 takes "custom" and deploys the API without an authorizer, 1.115.0 (of the
// SAM CLI 1.170.0) refuses it: "AuthType 'custom' is not one of AWS_IAM, CUSTOM or NONE". Which of them CloudFormation
// runs is AWS's to choose.
func TestTemplateStatements(t *testing.T) {
	parsed, err := parseTemplate(readTemplate(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, check := range map[string]func(template, report){
		"T01 the stage has a name: without one it would be called default":                   checkStageName,
		"T02 no two route keys become the same logical ids":                                  checkRouteKeys,
		"T03 the type of the authorizer is in upper case: SAM up to 1.110 would deploy none": checkAuth,
		"T04 a new route is deployed: the stage deploys by itself":                           checkDeployment,
	} {
		t.Run(name, func(t *testing.T) { check(parsed, t.Errorf) })
	}
}

func checkStageName(t template, wrong report) {
	if referred(at(t.properties("WsApi"), "StageName")) != "Stage" {
		wrong("the stage's name is not the parameter Stage")
	}
}

// checkDeployment expects SAM's API, whose stage has AutoDeploy; a deployment of our own would be a snapshot.
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
