package cloudformation

import (
	"slices"
	"strings"
)

// namesIn returns what Ref, GetAtt and Sub below a node refer to, as texts in their places: "Name" or "Name.Attribute".
func namesIn(n *node) []*node {
	var found []*node
	name, argument, isCall := n.call()
	switch {
	case isCall && argument.is(scalar) && (name == "Ref" || name == "Fn::GetAtt"):
		return []*node{argument}
	case isCall && name == "Fn::GetAtt" && argument.is(list) && len(argument.items) == 2 && argument.items[0].is(scalar):
		return []*node{textAt(argument.at, argument.items[0].text+"."+argument.items[1].text)}
	case isCall && name == "Fn::Sub":
		found = namesInText(argument)
	}
	for _, item := range n.elements() {
		found = append(found, namesIn(item)...)
	}
	for _, f := range n.each() {
		found = append(found, namesIn(f.value)...)
	}
	return found
}

// namesInText returns the names in Fn::Sub, but for those that it gives a value itself.
func namesInText(argument *node) []*node {
	text, values := argument, (*node)(nil)
	if items := argument.elements(); len(items) == 2 {
		text, values = items[0], items[1]
	}
	if !text.is(scalar) {
		return nil
	}
	var found []*node
	for _, match := range placeholder.FindAllStringSubmatch(text.text, -1) {
		if match[1] == "" && values.get(match[2]) == nil {
			found = append(found, textAt(text.at, match[2]))
		}
	}
	return found
}

// checkIntrinsics finds functions and names that are unknown, also where nothing that is served uses them.
func (r *reader) checkIntrinsics() {
	for _, id := range r.order {
		found := r.resources[id]
		leave := r.enter(id, found.at)
		r.checkFunctions(found.properties)
		for _, name := range namesIn(found.properties) {
			r.checkName(name)
		}
		leave()
	}
}

func (r *reader) checkFunctions(n *node) {
	if name, _, ok := n.call(); ok && r.intrinsics[name] == nil && name != "Fn::Cidr" {
		r.unknownFunction(n.at, name)
	}
	for _, item := range n.elements() {
		r.checkFunctions(item)
	}
	for _, f := range n.each() {
		// Loops bind names of their own; they are checked when they are written out.
		if !strings.HasPrefix(f.key, forEach) {
			r.checkFunctions(f.value)
		}
	}
}

func (r *reader) checkName(name *node) {
	id, _, _ := strings.Cut(name.text, ".")
	known := r.root.get("Parameters", name.text) != nil || r.resources[id] != nil || strings.HasPrefix(name.text, "AWS::") ||
		r.incomplete || strings.Contains(name.text, "${") || r.mayBeGenerated(id) || r.isIdentifier(id)
	if !known {
		r.fail(name.at, "correct the name, or define it", "there is no parameter and no resource %s", short(name.text))
	}
}

// mayBeGenerated tells whether a name can be that of a resource that SAM, or a module, makes of another one.
func (r *reader) mayBeGenerated(name string) bool {
	if r.serverless && strings.HasPrefix(name, "Serverless") || name == "CodeDeployServiceRole" {
		return true
	}
	return slices.ContainsFunc(r.order, func(id string) bool {
		found := r.resources[id]
		sam := found.node.get("Type") != nil && strings.HasPrefix(found.node.get("Type").text, "AWS::Serverless::")
		return strings.HasPrefix(name, id) && (sam || strings.HasSuffix(found.kind, "::MODULE"))
	})
}

// isIdentifier tells whether a name is that of a loop within properties.
func (r *reader) isIdentifier(name string) bool {
	if r.loops == nil {
		r.loops = map[string]bool{}
		for _, id := range r.order {
			collectLoops(r.resources[id].properties, r.loops)
		}
	}
	return r.loops[name]
}

func collectLoops(n *node, names map[string]bool) {
	for _, item := range n.elements() {
		collectLoops(item, names)
	}
	for _, f := range n.each() {
		if items := f.value.elements(); strings.HasPrefix(f.key, forEach) && len(items) > 0 && items[0].is(scalar) {
			names[items[0].text] = true
		}
		collectLoops(f.value, names)
	}
}

// besides are properties of a SAM function that go into resources that depend on the function.
var besides = []string{"Events", "DeploymentPreference", "EventInvokeConfig", "FunctionUrlConfig", "ProvisionedConcurrencyConfig"}

// dependsOn returns the resources that one depends on, as CloudFormation sees it.
func (r *reader) dependsOn(found *resource) []*node {
	var names []*node
	for _, f := range found.properties.each() {
		if !found.serverless() || !slices.Contains(besides, f.key) {
			names = append(names, namesIn(r.taken(f.value))...)
		}
	}
	depends := found.node.get("DependsOn")
	return append(append(names, depends), depends.elements()...)
}

// taken leaves of each Fn::If only the branch that is taken.
func (r *reader) taken(n *node) *node {
	if name, argument, ok := n.call(); ok && name == "Fn::If" && len(argument.elements()) == 3 {
		branch := argument.items[2]
		if r.condition(argument.items[0]) == yes {
			branch = argument.items[1]
		}
		return r.taken(branch)
	}
	if !n.is(list) && !n.is(mapping) {
		return n
	}
	copied := &node{kind: n.kind, at: n.at}
	for _, item := range n.items {
		copied.items = append(copied.items, r.taken(item))
	}
	for _, f := range n.fields {
		copied.fields = append(copied.fields, field{f.key, f.at, r.taken(f.value)})
	}
	return copied
}

// checkCycles finds resources that depend on each other, which CloudFormation refuses.
func (r *reader) checkCycles() {
	done := map[string]bool{}
	for _, id := range r.order {
		r.visit(id, nil, done)
	}
}

// visit follows what a resource depends on. path leads to it.
func (r *reader) visit(id string, path []string, done map[string]bool) {
	if i := slices.Index(path, id); i >= 0 {
		defer r.enter(id, r.resources[id].at)()
		r.fail(r.resources[id].at, "break the cycle", "resources depend on each other: %s", strings.Join(append(path[i:], id), " -> "))
		return
	}
	found := r.resources[id]
	// SAM makes several resources of its other types, which don't all depend on the same ones.
	if done[id] || !found.exists || strings.HasPrefix(found.kind, "AWS::Serverless::") {
		return
	}
	leave := r.enter(id, found.at)
	depends := r.dependsOn(found)
	leave()
	for _, name := range depends {
		if name.is(scalar) {
			if target := r.target(name.text); target != "" {
				r.visit(target, append(path, id), done)
			}
		}
	}
	done[id] = true
}

// target returns the logical id of what a name refers to; empty if that is no resource.
func (r *reader) target(name string) string {
	if id, ok := r.referable[name]; ok {
		return id
	}
	id, _, _ := strings.Cut(name, ".")
	if r.resources[id] == nil || r.root.get("Parameters", name) != nil {
		return ""
	}
	return id
}
