package cloudformation

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options are what a template doesn't say. The zero value is ready to use.
type Options struct {
	// Parameters of the template, as -p Name=Value gives them. They go before those of samconfig.toml.
	Parameters map[string]string
	// Config is SAM's configuration file, in TOML or YAML, for parameter_overrides, stack_name and region. Empty is
	// samconfig.toml, .yaml or .yml beside the template, or where `sam build` was called, if there is one.
	Config string
	// Environment is the part of Config that counts, as sam's --config-env. Default: default.
	Environment string

	// StackName, Region and AccountID are what the pseudo parameters give. Defaults: Config's stack_name or local, Config's
	// region or us-east-1, 000000000000.
	StackName, Region, AccountID string

	// Values are what only AWS knows, or what is another one here, by the expression that gives it: "Queue" is what Ref of
	// Queue returns, "Queue.Arn" an attribute, "ImportValue Name" an export of another stack, "{{resolve:ssm:/path}}" a
	// dynamic reference. Problems call this -value.
	Values map[string]string

	// Resources are types, such as AWS::SQS::Queue, of what Application.Resources shall have: for whoever serves more of a
	// template than its APIs.
	Resources []string
}

// Load reads a template. The error has one line for each Problem; there is no Application then.
func Load(path string, options Options) (*Application, error) {
	r := &reader{
		directory:  filepath.Dir(path),
		resources:  map[string]*resource{},
		referable:  map[string]string{},
		values:     map[string]*node{},
		conditions: map[string]*node{},
		decided:    map[string]*truth{},
		naming:     map[string]bool{},
	}
	r.intrinsics = r.functions()
	r.root = r.read(path)
	r.options = r.configured(path, options)
	for _, step := range []func(){r.transforms, r.readParameters, r.readConditions, r.checkRules, r.readResources,
		r.expandServerless, r.checkIntrinsics, r.checkCycles} {
		if len(r.errors) == 0 {
			step()
		}
	}
	if len(r.errors) > 0 {
		return nil, r.err()
	}
	return r.application()
}

// reader is one reading of a template.
type reader struct {
	problems
	options   Options
	directory string
	root      *node

	// extended is whether AWS::LanguageExtensions is there, serverless whether SAM's transform is.
	extended, serverless bool
	// incomplete is whether parts of the template are elsewhere, so that what is referred to may be there.
	incomplete bool
	resources  map[string]*resource
	order      []string
	// referable has what SAM calls Function.Alias and the like, and the resources that it means.
	referable map[string]string

	parameters []field
	// values are those of parameters.
	values     map[string]*node
	conditions map[string]*node
	decided    map[string]*truth
	intrinsics map[string]func(*node) *node
	// naming are the resources whose names are being resolved.
	naming map[string]bool
	// loops are the identifiers of loops within properties; nil until it is used.
	loops           map[string]bool
	steps, includes int
	// started is how many problems were reported when the intrinsic function being resolved was called.
	started int
}

// read reads a file as a template's root; a problem leaves a missing node.
func (r *reader) read(path string) *node {
	data, err := os.ReadFile(path)
	if err != nil {
		return r.fail(Position{File: path}, "give the path of a template", "%s", cause(err))
	}
	root, err := parse(path, data)
	if problem, is := err.(Problem); is {
		return r.fail(problem.Position, problem.Remedy, "%s", problem.Text)
	}
	if !root.get("Resources").is(mapping) {
		return r.fail(Position{File: path}, "give a SAM or CloudFormation template", "has no Resources")
	}
	return root
}

// cause is an error without the path, which the problem has already.
func cause(err error) string {
	_, text, found := strings.Cut(err.Error(), ": ")
	if !found {
		text = err.Error()
	}
	return text
}

// configured completes options by SAM's configuration file.
func (r *reader) configured(path string, options Options) Options {
	config := r.readConfig(path, options)
	options.StackName = cmp.Or(options.StackName, config.stackName, "local")
	options.Region = cmp.Or(options.Region, config.region, "us-east-1")
	options.AccountID = cmp.Or(options.AccountID, "000000000000")
	r.values = config.parameters
	for name, value := range options.Parameters {
		r.values[name] = textAt(Position{File: "-p " + name}, value)
	}
	return options
}

// The transforms that are known here.
const (
	serverless         = "AWS::Serverless-2016-10-31"
	languageExtensions = "AWS::LanguageExtensions"
)

func (r *reader) transforms() {
	all := r.root.get("Transform")
	if all.is(scalar) {
		all = listAt(all.at, all)
	}
	for _, name := range all.elements() {
		switch name.text {
		case serverless:
			r.serverless = true
		case languageExtensions:
			r.extended = true
		default:
			r.incomplete = true
			r.warn(name.at, "give the template that the macro makes", "the macro %s is not run here", name.text)
		}
	}
}

// resource is one of the template's, or one that SAM makes.
type resource struct {
	id, kind   string
	at         Position
	node       *node
	properties *node
	// exists is whether its condition holds.
	exists bool
	// generated is whether SAM makes it.
	generated bool
}

func (r *reader) readResources() {
	expanded := r.expand(r.root.get("Resources"))
	for _, f := range expanded.each() {
		r.resource(f)
	}
}

func (r *reader) resource(f field) {
	defer r.enter(f.key, f.at)()
	kind := f.value.get("Type")
	if !kind.is(scalar) {
		r.fail(f.at, "give it one, such as AWS::Lambda::Function", "has no Type")
		return
	}
	exists := true
	if condition := f.value.get("Condition"); condition.is(scalar) {
		exists = r.condition(condition) == yes
	}
	r.add(&resource{id: f.key, kind: kind.text, at: f.at, node: f.value, properties: f.value.get("Properties"), exists: exists})
}

func (r *reader) add(made *resource) {
	if before := r.resources[made.id]; before != nil {
		r.fail(made.at, "rename one of them", "%s is there twice, line %d has it too", made.id, before.at.Line)
		return
	}
	r.resources[made.id] = made
	r.order = append(r.order, made.id)
}

// live returns the resources of one type that exist, in the order of the template.
func (r *reader) live(kinds ...string) []*resource {
	var all []*resource
	for _, id := range r.order {
		if found := r.resources[id]; found.exists && slices.Contains(kinds, found.kind) {
			all = append(all, found)
		}
	}
	return all
}

func (r *reader) application() (*Application, error) {
	application := &Application{StackName: r.options.StackName, Region: r.options.Region, AccountID: r.options.AccountID}
	application.APIs = r.apis()
	application.Functions = r.readFunctions(application.invoked())
	application.Resources = r.askedFor()
	r.notServed()
	if len(r.errors) > 0 {
		return nil, r.err()
	}
	application.Warnings = sorted(r.warnings)
	return application, nil
}

// invoked has the logical ids of the functions that the APIs invoke.
func (a *Application) invoked() map[string]bool {
	ids := map[string]bool{}
	for _, api := range a.APIs {
		for _, route := range api.Routes {
			ids[route.Integration.Function] = true
			if route.Authorizer != nil {
				ids[route.Authorizer.Function] = true
			}
		}
	}
	delete(ids, "")
	return ids
}

// elsewhere are resources that a WebSocket API's template may have, and that aren't served here.
var elsewhere = map[string]string{
	"AWS::Serverless::Api":         "REST APIs are not served",
	"AWS::Serverless::HttpApi":     "HTTP APIs are not served",
	"AWS::ApiGateway::RestApi":     "REST APIs are not served",
	"AWS::CloudFormation::Stack":   "nested stacks are not read",
	"AWS::Serverless::Application": "nested stacks are not read",
}

func (r *reader) notServed() {
	for _, id := range r.order {
		found := r.resources[id]
		text := elsewhere[found.kind]
		if found.exists && text != "" {
			leave := r.enter(id, found.at)
			r.warn(found.at, "give its template by itself if it has a WebSocket API", "%s", text)
			leave()
		}
	}
}
