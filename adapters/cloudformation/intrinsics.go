package cloudformation

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
)

// functions are the intrinsic functions by name. Each gets its argument as it is written.
func (r *reader) functions() map[string]func(argument *node) *node {
	return map[string]func(*node) *node{
		"Ref":              r.ref,
		"Fn::GetAtt":       r.getAtt,
		"Fn::Sub":          r.sub,
		"Fn::Join":         r.join,
		"Fn::Split":        r.split,
		"Fn::Select":       r.selectItem,
		"Fn::If":           r.branch,
		"Fn::FindInMap":    r.findInMap,
		"Fn::Base64":       r.base64,
		"Fn::GetAZs":       r.availabilityZones,
		"Fn::ImportValue":  r.importValue,
		"Fn::Transform":    func(argument *node) *node { return r.resolve(r.transform(argument)) },
		"Fn::Length":       r.length,
		"Fn::ToJsonString": r.toJSONString,
	}
}

// maxSteps bounds the work that a template can make.
const maxSteps = 2_000_000

// resolve returns a value with all intrinsic functions in it resolved. Fields and items that come to AWS::NoValue are
// left out. What has a problem is unresolved.
func (r *reader) resolve(n *node) *node {
	if !r.step(n) {
		return &node{kind: unresolved, at: n.position()}
	}
	switch n.kindOf() {
	case scalar:
		return r.dynamic(n)
	case list:
		return r.resolveList(n)
	case mapping:
		return r.resolveMapping(n)
	}
	return n
}

// step counts a step. ok is false after too many, of which the first is reported.
func (r *reader) step(n *node) (ok bool) {
	r.steps++
	if r.steps == maxSteps {
		r.fail(n.position(), "make it smaller", "the template takes too long to resolve")
	}
	if r.steps > maxSteps {
		r.reported++
	}
	return r.steps < maxSteps
}

func (r *reader) resolveList(n *node) *node {
	resolved := listAt(n.at)
	for _, item := range n.items {
		if value := r.resolve(item); !value.is(missing) {
			resolved.items = append(resolved.items, value)
		}
	}
	return resolved
}

func (r *reader) resolveMapping(n *node) *node {
	if name, argument, ok := n.call(); ok {
		function := r.intrinsics[name]
		if function == nil {
			return r.unknownFunction(n.at, name)
		}
		if argument.is(unresolved) {
			return argument
		}
		started := r.started
		r.started = r.reported
		result := function(argument)
		r.started = started
		if result.is(scalar) && len(result.text) > maxText {
			return r.fail(n.at, "make it shorter", "%s makes a text of more than a megabyte", name)
		}
		return result
	}
	resolved := &node{kind: mapping, at: n.at}
	for _, f := range r.expand(n).each() {
		if value := r.resolve(f.value); !value.is(missing) {
			resolved.fields = append(resolved.fields, field{f.key, f.at, value})
		}
	}
	return resolved
}

func (r *reader) unknownFunction(at Position, name string) *node {
	remedy := "use one of CloudFormation's functions"
	switch name {
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals":
		remedy = "use it in the section Conditions, and Fn::If here"
	case "Fn::Cidr":
		remedy = "give the address itself"
	}
	return r.fail(at, remedy, "the function %s is unknown here", name)
}

// text resolves a value that has to be a text. ok is false if it is missing, or was reported.
func (r *reader) text(n *node) (text string, ok bool) {
	value := r.resolve(n)
	switch value.kindOf() {
	case scalar:
		return value.text, true
	case list, mapping:
		r.fail(n.position(), "give it a text", "there is a list or a mapping where a text is expected")
	}
	return "", false
}

// needed resolves a property that a resource must have: a text.
func (r *reader) needed(found *resource, property, example string) string {
	reported := r.reported
	text, ok := r.text(found.properties.get(property))
	if !ok && r.reported == reported {
		r.fail(found.at, "add it, such as "+example, "%s is missing", property)
	}
	return text
}

var dynamicReference = regexp.MustCompile(`\{\{resolve:[^{}]*\}\}`)

// dynamic puts given values in the place of dynamic references, which AWS looks up.
func (r *reader) dynamic(n *node) *node {
	if !strings.Contains(n.text, "{{resolve:") {
		return n
	}
	text := dynamicReference.ReplaceAllStringFunc(n.text, func(reference string) string {
		if value, given := r.options.Values[reference]; given {
			return value
		}
		r.warn(n.at, "give it by -value '"+reference+"=Value'", "%s is not looked up", reference)
		return reference
	})
	return textAt(n.at, text)
}

// ref resolves Ref. With AWS::LanguageExtensions its argument may be computed.
func (r *reader) ref(argument *node) *node {
	name, ok := r.text(argument)
	if !ok {
		return r.malformed(argument, "Ref", "a name")
	}
	return r.named(argument.at, name)
}

// malformed reports a function's argument, unless what makes it unusable was reported.
func (r *reader) malformed(argument *node, function, wanted string) *node {
	if r.reported > r.started {
		return &node{kind: unresolved, at: argument.position()}
	}
	return r.fail(argument.position(), "give it "+wanted, "%s has no argument of the kind it needs", function)
}

// getAtt resolves both forms: "Resource.Attribute" and [Resource, Attribute].
func (r *reader) getAtt(argument *node) *node {
	if argument.is(scalar) {
		id, attribute, found := strings.Cut(argument.text, ".")
		if !found {
			return r.malformed(argument, "Fn::GetAtt", "Resource.Attribute")
		}
		return r.attribute(argument.at, id, attribute)
	}
	parts := r.resolve(argument).elements()
	if len(parts) != 2 || !parts[0].is(scalar) || !parts[1].is(scalar) {
		return r.malformed(argument, "Fn::GetAtt", "a resource and an attribute")
	}
	return r.attribute(argument.at, parts[0].text, parts[1].text)
}

var placeholder = regexp.MustCompile(`\$\{(!?)\s*([^}]*?)\s*\}`)

// sub resolves both forms: a text, and a text with values for some of its names.
func (r *reader) sub(argument *node) *node {
	text, values := argument, (*node)(nil)
	if items := argument.elements(); len(items) == 2 {
		text, values = items[0], items[1]
	}
	if !text.is(scalar) || values != nil && !values.is(mapping) {
		return r.malformed(argument, "Fn::Sub", "a text, or a list of a text and its values")
	}
	complete := true
	known := map[string]*node{}
	result := placeholder.ReplaceAllStringFunc(text.text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		if parts[1] == "!" {
			return "${" + parts[2] + "}"
		}
		value := known[parts[2]]
		if value == nil {
			value = r.substitute(text.at, parts[2], values)
			known[parts[2]] = value
		}
		complete = complete && value.is(scalar)
		if value.is(list) || value.is(mapping) {
			r.fail(text.at, "use Fn::Join for it", "${%s} in Fn::Sub is no text", parts[2])
		}
		if !value.is(scalar) || len(value.text) > maxText {
			return ""
		}
		return value.text
	})
	if !complete {
		return r.malformed(argument, "Fn::Sub", "names that have values")
	}
	return r.dynamic(textAt(argument.at, result))
}

// substitute returns what stands for ${name} in Fn::Sub.
func (r *reader) substitute(at Position, name string, values *node) *node {
	if value := values.get(name); value != nil {
		return r.resolve(value)
	}
	if id, attribute, found := strings.Cut(name, "."); found {
		return r.attribute(at, id, attribute)
	}
	return r.named(at, name)
}

func (r *reader) join(argument *node) *node {
	items := argument.elements()
	if len(items) != 2 {
		return r.malformed(argument, "Fn::Join", "a separator and a list")
	}
	separator, ok := r.text(items[0])
	values := r.resolve(items[1])
	if !ok && !items[0].is(scalar) || !values.is(list) {
		return r.malformed(argument, "Fn::Join", "a separator and a list")
	}
	var joined strings.Builder
	for i, value := range values.items {
		if !value.is(scalar) {
			return r.malformed(argument, "Fn::Join", "a list of texts")
		}
		if i > 0 {
			joined.WriteString(separator)
		}
		if joined.WriteString(value.text); joined.Len() > maxText {
			break
		}
	}
	return r.dynamic(textAt(argument.at, joined.String()))
}

func (r *reader) split(argument *node) *node {
	items := argument.elements()
	if len(items) != 2 {
		return r.malformed(argument, "Fn::Split", "a separator and a text")
	}
	separator, hasSeparator := r.text(items[0])
	text, hasText := r.text(items[1])
	if !hasSeparator || !hasText || separator == "" {
		return r.malformed(argument, "Fn::Split", "a separator and a text")
	}
	return listAt(argument.at, split(textAt(argument.at, text), separator)...)
}

func split(n *node, separator string) []*node {
	var items []*node
	for part := range strings.SplitSeq(n.text, separator) {
		items = append(items, textAt(n.at, part))
	}
	return items
}

func (r *reader) selectItem(argument *node) *node {
	items := argument.elements()
	if len(items) != 2 {
		return r.malformed(argument, "Fn::Select", "a number and a list")
	}
	text, _ := r.text(items[0])
	index, err := strconv.Atoi(text)
	values := r.resolve(items[1])
	switch {
	case values.is(unresolved):
		return values
	case err != nil || !values.is(list):
		return r.malformed(argument, "Fn::Select", "a number and a list")
	case index < 0 || index >= len(values.items):
		return r.fail(argument.at, "count from 0", "Fn::Select wants item %d of a list of %d", index, len(values.items))
	}
	return values.items[index]
}

// branch resolves Fn::If. The other branch is not looked at.
func (r *reader) branch(argument *node) *node {
	items := argument.elements()
	if len(items) != 3 {
		return r.malformed(argument, "Fn::If", "a condition and two values")
	}
	switch r.condition(items[0]) {
	case yes:
		return r.resolve(items[1])
	case no:
		return r.resolve(items[2])
	}
	return &node{kind: unresolved, at: argument.at}
}

func (r *reader) findInMap(argument *node) *node {
	items := argument.elements()
	if len(items) != 3 && len(items) != 4 {
		return r.malformed(argument, "Fn::FindInMap", "a mapping and two keys")
	}
	var keys []string
	for _, item := range items[:3] {
		key, ok := r.text(item)
		if !ok {
			return r.malformed(argument, "Fn::FindInMap", "a mapping and two keys")
		}
		keys = append(keys, key)
	}
	if value := r.root.get("Mappings").get(keys...); value != nil {
		return r.resolve(value)
	}
	if len(items) == 4 && items[3].get("DefaultValue") != nil {
		return r.resolve(items[3].get("DefaultValue"))
	}
	return r.fail(argument.at, "add it to the section Mappings", "there is no %s in the mapping %s", strings.Join(keys[1:], "."), keys[0])
}

func (r *reader) base64(argument *node) *node {
	text, ok := r.text(argument)
	if !ok {
		return r.malformed(argument, "Fn::Base64", "a text")
	}
	return textAt(argument.at, base64.StdEncoding.EncodeToString([]byte(text)))
}

func (r *reader) availabilityZones(argument *node) *node {
	region, _ := r.text(argument)
	if region == "" {
		region = r.options.Region
	}
	at := argument.position()
	return listAt(at, textAt(at, region+"a"), textAt(at, region+"b"), textAt(at, region+"c"))
}

func (r *reader) importValue(argument *node) *node {
	name, ok := r.text(argument)
	if !ok {
		return r.malformed(argument, "Fn::ImportValue", "a name")
	}
	if value, given := r.options.Values["ImportValue "+name]; given {
		return textAt(argument.at, value)
	}
	r.warn(argument.at, "give it by -value 'ImportValue "+name+"=Value'", "another stack's export %s is not known here", name)
	return textAt(argument.at, name)
}
