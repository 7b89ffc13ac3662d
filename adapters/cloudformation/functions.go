package cloudformation

import (
	"cmp"
	"time"
)

// readFunctions reads all functions. What is wrong with one that nothing invokes is a warning, and it is left out.
func (r *reader) readFunctions(invoked map[string]bool) []Function {
	var all []Function
	for _, found := range r.live("AWS::Lambda::Function") {
		leave := r.enter(found.id, found.at)
		r.lenient = !invoked[found.id]
		reported := r.reported
		function := r.readFunction(found)
		if r.reported == reported {
			all = append(all, function)
		}
		r.lenient = false
		leave()
	}
	r.readSources(all)
	return all
}

func (r *reader) readFunction(found *resource) Function {
	p := found.properties
	function := Function{
		Position:     found.at,
		LogicalID:    found.id,
		Name:         r.name(found.at, found, "FunctionName").text,
		ARN:          r.attribute(found.at, found.id, "Arn").text,
		Architecture: "x86_64",
		Environment:  r.environment(p.get("Environment")),
		Timeout:      time.Duration(cmp.Or(r.number(p.get("Timeout")), 3)) * time.Second,
		Memory:       int(cmp.Or(r.number(p.get("MemorySize")), 128)),
	}
	if kind, _ := r.text(p.get("PackageType")); kind == "Image" {
		r.fail(found.at, "give a function with a Runtime, or run it by -exec", "functions in container images are not run")
		return function
	}
	function.Runtime = r.needed(found, "Runtime", "nodejs22.x")
	function.Handler = r.needed(found, "Handler", "index.handler")
	if architectures := r.resolve(p.get("Architectures")).elements(); len(architectures) > 0 {
		function.Architecture, _ = r.text(architectures[0])
	}
	if timeout := function.Timeout; timeout > 900*time.Second {
		r.fail(p.get("Timeout").at, "give 1 to 900 seconds", "Timeout is %v", timeout)
	}
	function.Code = r.code(found)
	function.BuildMethod, _ = r.text(found.node.get("Metadata", "BuildMethod"))
	if layers := p.get("Layers"); len(layers.elements()) > 0 {
		r.warn(layers.at, "put what they have into the function's code", "layers are not there")
	}
	return function
}

func (r *reader) environment(n *node) map[string]string {
	variables := map[string]string{}
	for _, f := range r.resolve(r.resolve(n).get("Variables")).each() {
		if text, ok := r.text(f.value); ok {
			variables[f.key] = text
		}
	}
	for _, f := range n.get("Variables").each() {
		if f.value.is(missing) {
			r.fail(f.at, "write \"\" for an empty text", "the variable %s has no value", f.key)
		}
	}
	return variables
}

// sources are types of resources that invoke functions, with the properties that name one and have the source's ARN.
var sources = map[string]struct{ function, arn string }{
	"AWS::Lambda::EventSourceMapping": {"FunctionName", "EventSourceArn"},
	"AWS::Lambda::Url":                {"TargetFunctionArn", ""},
	"AWS::SNS::Subscription":          {"Endpoint", "TopicArn"},
}

// readSources notes what else invokes each function.
func (r *reader) readSources(functions []Function) {
	r.lenient = true
	defer func() { r.lenient = false }()
	byID := map[string]*Function{}
	for i := range functions {
		byID[functions[i].LogicalID] = &functions[i]
		r.readEvents(&functions[i])
	}
	for _, id := range r.order {
		found := r.resources[id]
		leave := r.enter(id, found.at)
		if its, known := sources[found.kind]; known && found.exists {
			target, _ := r.invoked(found.properties.get(its.function), nil)
			r.addSource(byID[target], EventSource{found.at, id, found.kind, r.quietText(found.properties.get(its.arn))})
		}
		for _, target := range r.resolve(ruleTargets(found)).elements() {
			invoked, _ := r.invoked(target.get("Arn"), nil)
			r.addSource(byID[invoked], EventSource{Position: found.at, Name: id, Type: found.kind})
		}
		leave()
	}
}

// ruleTargets are those of a rule of EventBridge; nil for anything else.
func ruleTargets(found *resource) *node {
	if found.exists && found.kind == "AWS::Events::Rule" {
		return found.properties.get("Targets")
	}
	return nil
}

func (r *reader) addSource(function *Function, source EventSource) {
	if function != nil {
		function.Sources = append(function.Sources, source)
	}
}

// readEvents notes the events of a SAM function.
func (r *reader) readEvents(function *Function) {
	defer r.enter(function.LogicalID, function.Position)()
	for _, f := range r.resources[function.LogicalID].properties.get("Events").each() {
		kind, _ := r.text(f.value.get("Type"))
		properties := f.value.get("Properties")
		arn := ""
		for _, name := range []string{"Queue", "Stream", "Topic"} {
			arn = cmp.Or(arn, r.quietText(properties.get(name)))
		}
		function.Sources = append(function.Sources, EventSource{f.at, f.key, kind, arn})
	}
}

// quietText resolves what may be missing.
func (r *reader) quietText(n *node) string {
	if n == nil {
		return ""
	}
	text, _ := r.text(n)
	return text
}
