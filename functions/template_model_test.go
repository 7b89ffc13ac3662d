package functions_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// template is a CloudFormation template as plain maps, lists and scalars. Short forms are spelled out: !Ref X is
// {"Ref": "X"}, !Sub x is {"Fn::Sub": "x"}, and so on.
type template struct{ root object }

// parseStacks parses template.yaml and the template of the stack within it, and adds the resources of the latter to
// those of the former: there they have the names that they have here (checkMonitoring).
func parseStacks(text, nested string) (both, monitoring template, err error) {
	if both, err = parseTemplate(text); err != nil {
		return both, monitoring, err
	}
	if monitoring, err = parseTemplate(nested); err != nil {
		return both, monitoring, fmt.Errorf("monitoring.yaml: %w", err)
	}
	resources := both.section("Resources")
	for id, resource := range monitoring.section("Resources") {
		if resources[id] != nil {
			return both, monitoring, fmt.Errorf("%s is in both templates", id)
		}
		resources[id] = resource
	}
	return both, monitoring, nil
}

type object = map[string]any

func parseTemplate(text string) (template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return template{}, err
	}
	root, err := value(document.Content[0])
	if err != nil {
		return template{}, err
	}
	t := template{root.(object)}
	return t, expandLoops(t.section("Resources"))
}

const loop = "Fn::ForEach::"

// expandLoops writes out what Fn::ForEach repeats, as CloudFormation does: an identifier is put in place in the names of
// resources, in Fn::Sub and where it is referred to, but not in other texts.
func expandLoops(resources object) error {
	for name, value := range resources {
		if !strings.HasPrefix(name, loop) {
			continue
		}
		delete(resources, name)
		parts, _ := value.([]any)
		if len(parts) != 3 {
			return fmt.Errorf("%s is not an identifier, a collection and a fragment", name)
		}
		identifier, _ := parts[0].(string)
		fragment, _ := parts[2].(object)
		for _, item := range list(parts[1]) {
			for id, resource := range fragment {
				id := strings.ReplaceAll(id, "${"+identifier+"}", item)
				if resources[id] != nil {
					return fmt.Errorf("%s: %s is there already", name, id)
				}
				resources[id] = substitute(resource, identifier, item)
			}
		}
	}
	return nil
}

// substitute returns a copy of v with an item in place of its identifier.
func substitute(v any, identifier, item string) any {
	switch v := v.(type) {
	case []any:
		copied := make([]any, len(v))
		for i, child := range v {
			copied[i] = substitute(child, identifier, item)
		}
		return copied
	case object:
		copied := object{}
		for key, child := range v {
			if key == "Ref" && child == identifier {
				return item
			}
			copied[key] = substitute(child, identifier, item)
		}
		return substituted(copied, identifier, item)
	}
	return v
}

// substituted puts an item in place in an Fn::Sub, which is a plain text when nothing else is left to put in place.
func substituted(v object, identifier, item string) any {
	text, isText := v["Fn::Sub"].(string)
	if !isText {
		return v
	}
	if text = strings.ReplaceAll(text, "${"+identifier+"}", item); placeholder.MatchString(text) {
		return object{"Fn::Sub": text}
	}
	return text
}

// value turns a YAML node into a map, a list or a scalar.
func value(n *yaml.Node) (v any, err error) {
	switch n.Kind {
	case yaml.MappingNode:
		v, err = mapping(n)
	case yaml.SequenceNode:
		v, err = sequence(n)
	case yaml.ScalarNode:
		v, err = scalar(n)
	default:
		return nil, fmt.Errorf("line %d: an alias or something else that CloudFormation does not read", n.Line)
	}
	if name, short := strings.CutPrefix(n.Tag, "!"); err == nil && short && !strings.HasPrefix(name, "!") {
		return object{longForm(name): v}, nil
	}
	return v, err
}

func longForm(name string) string {
	if name == "Ref" || name == "Condition" {
		return name
	}
	return "Fn::" + name
}

// mapping refuses a key that is there twice: YAML readers take the last one without a word.
func mapping(n *yaml.Node) (object, error) {
	m := object{}
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if _, twice := m[key.Value]; twice {
			return nil, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
		}
		v, err := value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[key.Value] = v
	}
	return m, nil
}

func sequence(n *yaml.Node) ([]any, error) {
	list := make([]any, 0, len(n.Content))
	for _, item := range n.Content {
		v, err := value(item)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func scalar(n *yaml.Node) (v any, err error) {
	if n.Tag != "" && !strings.HasPrefix(n.Tag, "!!") {
		return n.Value, nil
	}
	err = n.Decode(&v)
	return v, err
}

// at follows a path of keys. It returns nil where the path ends early.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(object)
		v = m[key]
	}
	return v
}

// at follows a path of keys from the template's root.
func (t template) at(path ...string) any { return at(t.root, path...) }

// section returns the part of the template at a path, empty if there is none.
func (t template) section(path ...string) object {
	m, _ := t.at(path...).(object)
	return m
}

// ofType returns the logical ids of all resources of a type, in order.
func (t template) ofType(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.section("Resources"))) {
		if t.at("Resources", id, "Type") == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// properties returns a resource's properties.
func (t template) properties(id string) object { return t.section("Resources", id, "Properties") }

// referred returns the target of a !Ref; empty for anything else.
func referred(v any) string {
	id, _ := at(v, "Ref").(string)
	return id
}

var placeholder = regexp.MustCompile(`\$\{([^}!]+)\}`)

// references returns all names that Ref, GetAtt and Sub in a value refer to, without their attributes.
func references(v any) map[string]bool {
	found := map[string]bool{}
	walk(v, func(key string, v any) {
		text, _ := v.(string)
		switch key {
		case "Ref", "Fn::GetAtt":
			found[strings.Split(text, ".")[0]] = true
		case "Fn::Sub", "":
			for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
				found[strings.Split(match[1], ".")[0]] = true
			}
		}
	})
	return found
}

// walk visits every value below v with its key; items of a list have none.
func walk(v any, visit func(key string, v any)) {
	switch v := v.(type) {
	case object:
		for key, child := range v {
			visit(key, child)
			walk(child, visit)
		}
	case []any:
		for _, child := range v {
			visit("", child)
			walk(child, visit)
		}
	}
}

// list returns the strings of a list, or of a single string.
func list(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	var all []string
	items, _ := v.([]any)
	for _, item := range items {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}
