package cloudformation

import "time"

// Application is what a template has to serve.
type Application struct {
	// APIs are the WebSocket APIs, in the order of the template.
	APIs []API
	// Functions are all functions of the template whose code is there, also those that no API invokes, in its order.
	Functions []Function
	// Resources are those that Options.Resources asked for, in the order of the template.
	Resources []Resource
	// Warnings say what is not served, or not as on AWS.
	Warnings []Problem
	// StackName, Region and AccountID are what the pseudo parameters gave.
	StackName, Region, AccountID string
}

// Function returns the function of a logical id, as an Integration or an Authorizer names it; nil if there is none.
func (a *Application) Function(logicalID string) *Function {
	for i := range a.Functions {
		if a.Functions[i].LogicalID == logicalID {
			return &a.Functions[i]
		}
	}
	return nil
}

// API is a WebSocket API.
type API struct {
	Position
	LogicalID string
	// ID has ten lower-case letters and digits, always the same ones for a logical id.
	ID, Name string
	// RouteSelectionExpression picks the route of a message, such as $request.body.action.
	RouteSelectionExpression string
	// Stages has at least one.
	Stages []Stage
	// Routes in the order of the template; no key is there twice.
	Routes []Route
}

// Stage is a stage of an API.
type Stage struct {
	Position
	Name      string
	Variables map[string]string
	// Throttle is DefaultRouteSettings', RouteThrottles are RouteSettings', by route key.
	Throttle       Throttle
	RouteThrottles map[string]Throttle
}

// Throttle is a limit of connects or messages. A zero field is not set.
type Throttle struct {
	// Rate per second.
	Rate float64
	// Burst is how many are taken at once.
	Burst int
}

// Authorization types of a route.
const (
	AuthorizationNone   = "NONE"
	AuthorizationCustom = "CUSTOM"
	AuthorizationIAM    = "AWS_IAM"
)

// Route is a route of an API.
type Route struct {
	Position
	LogicalID   string
	Key         string
	Integration Integration
	// ResponseSelectionExpression and HasResponse (a RouteResponse with the key $default) make replies return to the
	// client, both together: see Replies.
	ResponseSelectionExpression string
	HasResponse                 bool
	// Authorization is AuthorizationNone, AuthorizationCustom or AuthorizationIAM.
	Authorization string
	// Authorizer is there if Authorization is AuthorizationCustom.
	Authorizer *Authorizer
}

// Replies tells whether what the integration returns goes back to the client. With one of the two settings missing it is
// thrown away.
func (r Route) Replies() bool { return r.ResponseSelectionExpression != "" && r.HasResponse }

// Integration is what a route does. Exactly one of Function, Mock and Unsupported is set.
type Integration struct {
	Position
	// Function is the logical id of a function in Application.Functions.
	Function string
	// Mock answers without a function.
	Mock *Mock
	// Unsupported says why the route has to be refused.
	Unsupported string
	// Timeout is 29 s unless the template sets another one.
	Timeout time.Duration
}

// Mock is an integration of type MOCK: templates make the answer.
type Mock struct {
	// TemplateSelectionExpression picks the request template; $default if there is none.
	TemplateSelectionExpression string
	// RequestTemplates by key. Their statusCode picks the response.
	RequestTemplates map[string]string
	// Responses are the integration's, in the order of the template.
	Responses []MockResponse
}

// MockResponse is an AWS::ApiGatewayV2::IntegrationResponse.
type MockResponse struct {
	// Key is $default, or an expression between slashes for the status, such as /2\d{2}/.
	Key                         string
	TemplateSelectionExpression string
	Templates                   map[string]string
}

// Authorizer is a Lambda authorizer of type REQUEST.
type Authorizer struct {
	Position
	LogicalID, Name string
	// IdentitySources, such as route.request.header.Authorization. Without any it is asked about every client.
	IdentitySources []string
	// Function is the logical id of a function in Application.Functions; empty if Unsupported says why there is none.
	Function, Unsupported string
}

// Function is a Lambda function.
type Function struct {
	Position
	LogicalID string
	// Name is FunctionName, or the logical id.
	Name, ARN string
	// Runtime and Handler as in the template: nodejs22.x and index.handler.
	Runtime, Handler string
	// Architecture is x86_64 or arm64.
	Architecture string
	Code         Code
	Environment  map[string]string
	// Timeout is 3 s and Memory 128 MB unless the template sets others.
	Timeout time.Duration
	// Memory in MB.
	Memory int
	// BuildMethod is SAM's, such as makefile or esbuild: Code is the source of a build then, unless the template is built.
	BuildMethod string
	// Sources invoke the function on AWS besides the APIs. Warnings don't name them: whoever serves some of them, such as a
	// queue, says which ones are left.
	Sources []EventSource
}

// Code is where a function's code is. Exactly one field is set.
type Code struct {
	// Directory is an absolute path.
	Directory string
	// Archive is the absolute path of a .zip or .jar file, which the caller unpacks.
	Archive string
	// Inline is the text of index.js or index.py.
	Inline string
}

// EventSource is something else than a WebSocket API that invokes a function.
type EventSource struct {
	Position
	// Name is a logical id, or an event's name in SAM. Type is SQS and the like in SAM, a resource's type otherwise.
	Name, Type string
	// ARN of the queue or stream; empty if it has none, or none that is known here.
	ARN string
}
