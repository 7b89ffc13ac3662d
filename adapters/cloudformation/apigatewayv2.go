package cloudformation

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// apis reads the WebSocket APIs.
func (r *reader) apis() []API {
	var all []API
	for _, found := range r.live("AWS::ApiGatewayV2::Api") {
		leave := r.enter(found.id, found.at)
		if protocol, _ := r.text(found.properties.get("ProtocolType")); protocol == "WEBSOCKET" {
			all = append(all, r.api(found))
		} else {
			r.warn(found.at, "serve it by something else", "HTTP APIs are not served")
		}
		leave()
	}
	if len(all) == 0 {
		r.warn(Position{File: r.root.at.File}, "give the template that has one", "there is no WebSocket API")
	}
	return all
}

func (r *reader) api(found *resource) API {
	p := found.properties
	api := API{Position: found.at, LogicalID: found.id, ID: r.reference(found.at, found).text}
	api.Name, _ = r.text(p.get("Name"))
	api.RouteSelectionExpression = r.needed(found, "RouteSelectionExpression", "$request.body.action")
	for _, stage := range r.partsOf(found, "AWS::ApiGatewayV2::Stage") {
		api.Stages = append(api.Stages, r.stage(stage))
	}
	if len(api.Stages) == 0 {
		r.warn(found.at, "add an AWS::ApiGatewayV2::Stage", "the API has no stage: on AWS nobody can connect, here it has the stage default")
		api.Stages = []Stage{{Position: found.at, Name: "default"}}
	}
	api.Routes = r.routes(found, api.Stages[0].Variables)
	return api
}

// partsOf returns the resources of a type that belong to an API.
func (r *reader) partsOf(api *resource, kind string) []*resource {
	var parts []*resource
	for _, part := range r.live(kind) {
		leave := r.enter(part.id, part.at)
		if id, ok := r.text(part.properties.get("ApiId")); ok && id == r.reference(api.at, api).text {
			parts = append(parts, part)
		}
		leave()
	}
	return parts
}

func (r *reader) stage(found *resource) Stage {
	defer r.enter(found.id, found.at)()
	p := found.properties
	stage := Stage{Position: found.at, Variables: r.texts(p.get("StageVariables")), RouteThrottles: map[string]Throttle{}}
	stage.Name = r.needed(found, "StageName", "dev")
	stage.Throttle = r.throttle(p.get("DefaultRouteSettings"))
	for _, f := range r.resolve(p.get("RouteSettings")).each() {
		stage.RouteThrottles[f.key] = r.throttle(f.value)
	}
	return stage
}

func (r *reader) throttle(settings *node) Throttle {
	settings = r.resolve(settings)
	return Throttle{Rate: r.number(settings.get("ThrottlingRateLimit")), Burst: int(r.number(settings.get("ThrottlingBurstLimit")))}
}

// number resolves a number; 0 if it is missing, or was reported.
func (r *reader) number(n *node) float64 {
	text, ok := r.text(n)
	if !ok {
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number < 0 || number > 1e9 {
		r.fail(n.at, "write a number", "%q is no number that is possible here", short(text))
		return 0
	}
	return number
}

// texts resolves a mapping of texts; nil if it is missing.
func (r *reader) texts(n *node) map[string]string {
	resolved := r.resolve(n)
	if !resolved.is(mapping) {
		return nil
	}
	all := map[string]string{}
	for _, f := range resolved.fields {
		if text, ok := r.text(f.value); ok {
			all[f.key] = text
		}
	}
	return all
}

func (r *reader) routes(api *resource, variables map[string]string) []Route {
	var all []Route
	lines := map[string]int{}
	for _, found := range r.partsOf(api, "AWS::ApiGatewayV2::Route") {
		leave := r.enter(found.id, found.at)
		route := r.route(api, found, variables)
		if line := lines[route.Key]; line != 0 {
			r.fail(found.at, "remove one of them", "the route key %s is there twice, line %d has it too", route.Key, line)
		}
		lines[route.Key] = found.at.Line
		all = append(all, route)
		leave()
	}
	return all
}

func (r *reader) route(api, found *resource, variables map[string]string) Route {
	p := found.properties
	route := Route{Position: found.at, LogicalID: found.id, Authorization: AuthorizationNone}
	route.Key = r.needed(found, "RouteKey", "$default")
	route.ResponseSelectionExpression, _ = r.text(p.get("RouteResponseSelectionExpression"))
	route.HasResponse = r.hasResponse(api, found)
	r.checkReplies(found, route)
	if kind, ok := r.text(p.get("AuthorizationType")); ok {
		route.Authorization = kind
	}
	r.authorize(api, &route, p, variables)
	if required, _ := r.text(p.get("ApiKeyRequired")); required == "true" {
		r.warn(found.at, "test it on AWS", "API keys are not checked here")
	}
	if p.get("ModelSelectionExpression") != nil {
		r.warn(found.at, "test it on AWS", "messages are not checked against models here")
	}
	route.Integration = r.integration(api, p.get("Target"), variables)
	if why := route.Integration.Unsupported; why != "" {
		r.warn(found.at, "make it a Lambda proxy (AWS_PROXY) or MOCK integration of this template", "the route %s is refused: %s", route.Key, why)
	}
	return route
}

// hasResponse tells whether a route has the RouteResponse that WebSocket APIs know.
func (r *reader) hasResponse(api, route *resource) bool {
	for _, response := range r.partsOf(api, "AWS::ApiGatewayV2::RouteResponse") {
		id, _ := r.text(response.properties.get("RouteId"))
		key, _ := r.text(response.properties.get("RouteResponseKey"))
		if id == r.reference(route.at, route).text && key == "$default" {
			return true
		}
	}
	return false
}

// checkReplies warns of one of the two settings without the other.
func (r *reader) checkReplies(found *resource, route Route) {
	switch {
	case route.HasResponse && route.ResponseSelectionExpression == "":
		r.warn(found.at, "add RouteResponseSelectionExpression: $default", "what the route %s returns is thrown away: it has a RouteResponse only", route.Key)
	case !route.HasResponse && route.ResponseSelectionExpression != "" && route.Key != "$connect" && route.Key != "$disconnect":
		r.warn(found.at, "add an AWS::ApiGatewayV2::RouteResponse", "what the route %s returns is thrown away: it has no RouteResponse", route.Key)
	}
}

func (r *reader) authorize(api *resource, route *Route, p *node, variables map[string]string) {
	switch route.Authorization {
	case AuthorizationNone:
		return
	case AuthorizationIAM, AuthorizationCustom:
	default:
		r.fail(p.get("AuthorizationType").at, "write NONE, CUSTOM or AWS_IAM", "AuthorizationType is %q", short(route.Authorization))
		return
	}
	if route.Key != "$connect" {
		r.fail(p.get("AuthorizationType").at, "authorize $connect", "only $connect can have an authorization, not %s", route.Key)
	}
	if route.Authorization == AuthorizationIAM {
		r.warn(p.get("AuthorizationType").at, "test it on AWS", "signatures of clients (AWS_IAM) are not checked here")
		return
	}
	id, _ := r.text(p.get("AuthorizerId"))
	for _, found := range r.partsOf(api, "AWS::ApiGatewayV2::Authorizer") {
		if r.reference(found.at, found).text == id {
			route.Authorizer = r.authorizer(found, variables)
			return
		}
	}
	r.fail(p.get("AuthorizationType").at, "give AuthorizerId: !Ref of one of the same API", "AuthorizationType CUSTOM has no authorizer")
}

func (r *reader) authorizer(found *resource, variables map[string]string) *Authorizer {
	defer r.enter(found.id, found.at)()
	p := found.properties
	authorizer := &Authorizer{Position: found.at, LogicalID: found.id}
	authorizer.Name, _ = r.text(p.get("Name"))
	if kind, _ := r.text(p.get("AuthorizerType")); kind != "REQUEST" {
		r.fail(found.at, "write REQUEST", "AuthorizerType is %q, WebSocket APIs know REQUEST", short(kind))
	}
	sources := r.resolve(p.get("IdentitySource"))
	if sources.is(scalar) {
		sources = listAt(sources.at, split(sources, ",")...)
	}
	for _, source := range sources.elements() {
		if text, _ := r.text(source); strings.TrimSpace(text) != "" {
			authorizer.IdentitySources = append(authorizer.IdentitySources, strings.TrimSpace(text))
		}
	}
	authorizer.Function, authorizer.Unsupported = r.invoked(p.get("AuthorizerUri"), variables)
	if why := authorizer.Unsupported; why != "" {
		r.warn(found.at, "make it a function of this template", "nobody can connect: %s", why)
	}
	r.checkPermission(found, authorizer.Function, p.get("AuthorizerCredentialsArn"))
	return authorizer
}

// integration reads what a route's Target names: integrations/<id>.
func (r *reader) integration(api *resource, target *node, variables map[string]string) Integration {
	text, ok := r.text(target)
	if !ok {
		return Integration{Unsupported: "it has no Target"}
	}
	id := strings.TrimPrefix(text, "integrations/")
	for _, found := range r.partsOf(api, "AWS::ApiGatewayV2::Integration") {
		if r.reference(found.at, found).text == id {
			return r.readIntegration(api, found, variables)
		}
	}
	return Integration{Unsupported: "its Target " + short(text) + " is no integration of the same API"}
}

func (r *reader) readIntegration(api, found *resource, variables map[string]string) Integration {
	defer r.enter(found.id, found.at)()
	p := found.properties
	integration := Integration{Position: found.at, Timeout: 29 * time.Second}
	if timeout := r.number(p.get("TimeoutInMillis")); timeout > 0 {
		integration.Timeout = time.Duration(timeout) * time.Millisecond
		if timeout < 50 || timeout > 29000 {
			r.fail(p.get("TimeoutInMillis").at, "give 50 to 29000", "TimeoutInMillis is %v", timeout)
		}
	}
	switch kind, _ := r.text(p.get("IntegrationType")); kind {
	case "AWS_PROXY":
		integration.Function, integration.Unsupported = r.invoked(p.get("IntegrationUri"), variables)
		r.checkPermission(found, integration.Function, p.get("CredentialsArn"))
	case "MOCK":
		integration.Mock = r.mock(api, found)
	default:
		integration.Unsupported = "integrations of type " + short(kind) + " are not supported"
	}
	return integration
}

func (r *reader) mock(api, found *resource) *Mock {
	mock := &Mock{RequestTemplates: r.texts(found.properties.get("RequestTemplates"))}
	mock.TemplateSelectionExpression, _ = r.text(found.properties.get("TemplateSelectionExpression"))
	for _, part := range r.partsOf(api, "AWS::ApiGatewayV2::IntegrationResponse") {
		p := part.properties
		if id, _ := r.text(p.get("IntegrationId")); id != r.reference(found.at, found).text {
			continue
		}
		response := MockResponse{Templates: r.texts(p.get("ResponseTemplates"))}
		response.Key, _ = r.text(p.get("IntegrationResponseKey"))
		response.TemplateSelectionExpression, _ = r.text(p.get("TemplateSelectionExpression"))
		mock.Responses = append(mock.Responses, response)
	}
	return mock
}

var (
	invocationURI = regexp.MustCompile(`^arn:[^:]+:apigateway:[^:]*:lambda:path/\d{4}-\d{2}-\d{2}/functions/(.+)/invocations$`)
	functionARN   = regexp.MustCompile(`^arn:[^:]+:lambda:[^:]*:[^:]*:function:([A-Za-z0-9_-]+)(?::[A-Za-z0-9_$-]+)?$`)
	stageVariable = regexp.MustCompile(`\$\{stageVariables\.([A-Za-z0-9_]+)\}`)
)

// invoked returns the logical id of the function that a URI, or an ARN, invokes, or why there is none.
func (r *reader) invoked(uri *node, variables map[string]string) (id, unsupported string) {
	text, ok := r.text(uri)
	if !ok {
		return "", "it has no function's URI that can be resolved"
	}
	text = stageVariable.ReplaceAllStringFunc(text, func(reference string) string {
		name := stageVariable.FindStringSubmatch(reference)[1]
		if value, set := variables[name]; set {
			r.warn(uri.at, "name the function itself if other stages have another one", "${stageVariables.%s} is that of the first stage, %s", name, short(value))
			return value
		}
		return reference
	})
	if match := invocationURI.FindStringSubmatch(text); match != nil {
		text = match[1]
	}
	name := text
	if match := functionARN.FindStringSubmatch(text); match != nil {
		name = match[1]
	} else if strings.HasPrefix(text, "arn:") {
		return "", short(text) + " is no function's URI"
	}
	if id = r.functionNamed(name); id == "" {
		return "", "the template has no function " + short(name)
	}
	return id, ""
}

// functionNamed returns the logical id of the function that has a name; empty if none has.
func (r *reader) functionNamed(name string) string {
	for _, function := range r.live("AWS::Lambda::Function") {
		leave := r.enter(function.id, function.at)
		its := r.name(function.at, function, "FunctionName")
		leave()
		if its.is(scalar) && its.text == name {
			return function.id
		}
	}
	return ""
}

// checkPermission warns of a function that API Gateway could not invoke on AWS.
func (r *reader) checkPermission(of *resource, function string, credentials *node) {
	if function == "" || credentials != nil {
		return
	}
	for _, permission := range r.live("AWS::Lambda::Permission") {
		principal, _ := r.text(permission.properties.get("Principal"))
		if target, _ := r.invoked(permission.properties.get("FunctionName"), nil); target == function && strings.HasPrefix(principal, "apigateway.") {
			return
		}
	}
	r.warn(of.at, "add an AWS::Lambda::Permission for apigateway.amazonaws.com", "API Gateway has no right to invoke %s, which is served here all the same", function)
}
