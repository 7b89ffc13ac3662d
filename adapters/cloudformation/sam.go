package cloudformation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// serverless tells whether a resource is one of SAM's, expanded or not.
func (f *resource) serverless() bool {
	kind := f.node.get("Type")
	return kind.is(scalar) && strings.HasPrefix(kind.text, "AWS::Serverless::")
}

// expandServerless makes of SAM's resources those of CloudFormation, as far as they matter here. Logical ids are SAM's:
// templates refer to them.
func (r *reader) expandServerless() {
	for _, id := range slices.Clone(r.order) {
		found := r.resources[id]
		if !found.serverless() {
			continue
		}
		leave := r.enter(id, found.at)
		if !r.serverless {
			r.fail(found.at, "add "+serverless+" to Transform", "%s needs SAM's transform", found.kind)
			r.serverless = true // once is enough
		}
		switch found.kind {
		case "AWS::Serverless::Function":
			r.expandFunction(found)
		case "AWS::Serverless::WebSocketApi":
			r.expandAPI(found)
		}
		leave()
	}
}

// globals are the properties of a resource with those of the section Globals.
func (r *reader) globals(section string, properties *node) *node {
	return merge(section, r.root.get("Globals", section), properties)
}

// merge merges as SAM does: mappings by key, lists one after the other, anything else is local if that is there.
// Intrinsic functions are single values. Architectures are replaced.
func merge(path string, global, local *node) *node {
	switch {
	case local == nil:
		return global
	case global == nil:
		return local
	case global.is(list) && local.is(list) && path != "Function.Architectures":
		return listAt(local.at, slices.Concat(global.items, local.items)...)
	case !plainMapping(global) || !plainMapping(local):
		return local
	}
	merged := &node{kind: mapping, at: local.at}
	for _, f := range global.fields {
		f.value = merge(path+"."+f.key, f.value, local.get(f.key))
		merged.fields = append(merged.fields, f)
	}
	for _, f := range local.fields {
		if global.get(f.key) == nil {
			merged.fields = append(merged.fields, f)
		}
	}
	return merged
}

// plainMapping tells whether a node is a mapping and no intrinsic function.
func plainMapping(n *node) bool {
	_, _, isCall := n.call()
	return n.is(mapping) && !isCall
}

func (r *reader) expandFunction(found *resource) {
	found.kind = "AWS::Lambda::Function"
	found.properties = r.globals("Function", found.properties)
	if !found.exists || found.properties.get("AutoPublishAlias") == nil {
		return
	}
	alias, ok := r.text(found.properties.get("AutoPublishAlias"))
	if !ok {
		return
	}
	function := mapAt(found.at, "Ref", found.id)
	version := r.generate(found, found.id+"Version", "AWS::Lambda::Version", "FunctionName", function)
	made := r.generate(found, found.id+"Alias"+alias, "AWS::Lambda::Alias", "FunctionName", function, "Name", alias)
	r.referable[found.id+".Version"] = version
	r.referable[found.id+".Alias"] = made
}

// generate adds a resource that SAM makes of another one.
func (r *reader) generate(of *resource, id, kind string, properties ...any) string {
	made := mapAt(of.at, "Type", kind, "Condition", of.node.get("Condition"))
	r.add(&resource{id: id, kind: kind, at: of.at, node: made, properties: mapAt(of.at, properties...), exists: of.exists, generated: true})
	return id
}

// expandAPI makes of a WebSocketApi an Api, a Stage, and for each route a Route, an Integration and a Permission
// (samtranslator/model/api/websocket_api_generator.py).
func (r *reader) expandAPI(found *resource) {
	found.kind = "AWS::ApiGatewayV2::Api"
	p := r.globals("WebSocketApi", found.properties)
	name := p.get("Name")
	if name == nil {
		name = textAt(found.at, found.id)
	}
	found.properties = mapAt(found.at, "Name", name, "ProtocolType", "WEBSOCKET", "RouteSelectionExpression", p.get("RouteSelectionExpression"))
	if !found.exists {
		return
	}
	r.expandStage(found, p)
	routes := r.expand(p.get("Routes"))
	if len(routes.fields) == 0 {
		r.fail(found.at, "add Routes", "the API has no routes")
	}
	authorization := r.expandAuthorizer(found, p.get("Auth"), routes.get("$connect") != nil)
	for _, route := range routes.fields {
		r.expandRoute(found, route, authorization)
	}
}

func (r *reader) expandStage(found *resource, p *node) {
	name := "default"
	if written := p.get("StageName"); written != nil {
		resolved, ok := r.text(written)
		if !ok {
			return
		}
		if resolved == "$default" {
			r.fail(written.at, "give it another name", "the stage of a WebSocket API can't be $default")
		}
		name = resolved
	}
	id := found.id + name + "Stage"
	if name == "default" {
		id = found.id + "DefaultStage"
	}
	r.referable[found.id+".Stage"] = r.generate(found, id, "AWS::ApiGatewayV2::Stage", "ApiId", mapAt(found.at, "Ref", found.id), "StageName", name,
		"StageVariables", p.get("StageVariables"), "DefaultRouteSettings", p.get("DefaultRouteSettings"), "RouteSettings", p.get("RouteSettings"))
}

// expandAuthorizer returns what the route $connect gets: properties by their names.
func (r *reader) expandAuthorizer(found *resource, auth *node, connects bool) []any {
	if auth == nil {
		return nil
	}
	if !connects {
		r.fail(auth.at, "add the route $connect", "Auth needs a route $connect")
	}
	kind, _ := r.text(auth.get("AuthType"))
	switch {
	case !slices.Contains([]string{AuthorizationNone, AuthorizationCustom, AuthorizationIAM}, kind):
		r.fail(auth.at, "write NONE, CUSTOM or AWS_IAM", "AuthType is %q", short(kind))
	case kind == AuthorizationCustom && auth.get("AuthArn") == nil:
		r.fail(auth.at, "add the authorizer's ARN", "AuthType CUSTOM needs AuthArn")
	case kind == AuthorizationCustom:
		id := found.id + "ConnectAuthorizer"
		name := auth.get("Name")
		if name == nil {
			name = textAt(auth.at, id)
		}
		r.generate(found, id, "AWS::ApiGatewayV2::Authorizer", "ApiId", mapAt(auth.at, "Ref", found.id), "AuthorizerType", "REQUEST",
			"Name", name, "IdentitySource", auth.get("IdentitySource"), "AuthorizerUri", invocation(auth.at, auth.get("AuthArn")))
		r.permit(found, found.id+"AuthorizerPermission", auth.get("AuthArn"))
		return []any{"AuthorizationType", kind, "AuthorizerId", mapAt(auth.at, "Ref", id)}
	}
	return []any{"AuthorizationType", kind}
}

func (r *reader) permit(found *resource, id string, function *node) {
	r.generate(found, id, "AWS::Lambda::Permission", "Action", "lambda:InvokeFunction", "FunctionName", function, "Principal", "apigateway.amazonaws.com")
}

// invocation is the URI by which API Gateway invokes a function.
func invocation(at Position, function *node) *node {
	const uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${FunctionArn}/invocations"
	return mapAt(at, "Fn::Sub", listAt(at, textAt(at, uri), mapAt(at, "FunctionArn", function)))
}

var alphanumeric = regexp.MustCompile(`^[\pL\pN]+$`)

func (r *reader) expandRoute(found *resource, route field, authorization []any) {
	key := route.key
	special := slices.Contains([]string{"$connect", "$disconnect", "$default"}, key)
	function := route.value.get("FunctionArn")
	switch {
	case !special && !alphanumeric.MatchString(key):
		r.fail(route.at, "write the API as AWS::ApiGatewayV2 resources", "SAM takes no route key but letters and digits: %s", short(key))
		return
	case function == nil:
		r.fail(route.at, "add it", "the route %s has no FunctionArn", key)
		return
	}
	id := found.id + capitalized(strings.TrimPrefix(key, "$"))
	if before := r.resources[id+"Route"]; before != nil && before.generated {
		r.warn(route.at, "give it another key", "SAM keeps one of the routes %s and %s: it makes the same logical id of both", key, before.properties.get("RouteKey").text)
		return
	}
	api := mapAt(route.at, "Ref", found.id)
	at := *found
	at.at = route.at
	r.generate(&at, id+"Integration", "AWS::ApiGatewayV2::Integration", "ApiId", api, "IntegrationType", "AWS_PROXY",
		"IntegrationUri", invocation(route.at, function), "TimeoutInMillis", route.value.get("IntegrationTimeout"))
	properties := []any{"ApiId", api, "RouteKey", key, "Target", mapAt(route.at, "Fn::Sub", fmt.Sprintf("integrations/${%sIntegration}", id))}
	for _, name := range []string{"ApiKeyRequired", "ModelSelectionExpression", "RouteResponseSelectionExpression"} {
		properties = append(properties, name, route.value.get(name))
	}
	if key == "$connect" {
		properties = append(properties, authorization...)
	}
	r.generate(&at, id+"Route", "AWS::ApiGatewayV2::Route", properties...)
	r.permit(&at, id+"Permission", function)
}

// capitalized makes the first letter a capital and all others small.
func capitalized(text string) string {
	letters := []rune(strings.ToLower(text))
	if len(letters) > 0 {
		letters[0] = unicode.ToUpper(letters[0])
	}
	return string(letters)
}
