package cloudformation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// extension reports a function that needs AWS::LanguageExtensions where the template has no such transform.
func (r *reader) extension(at Position, name string) bool {
	if !r.extended {
		r.fail(at, "add AWS::LanguageExtensions to Transform", "%s needs AWS::LanguageExtensions", name)
	}
	return r.extended
}

func (r *reader) length(argument *node) *node {
	value := r.resolve(argument)
	if !r.extension(argument.position(), "Fn::Length") || value.is(unresolved) {
		return &node{kind: unresolved, at: argument.position()}
	}
	if !value.is(list) {
		return r.malformed(argument, "Fn::Length", "a list")
	}
	return &node{kind: scalar, text: strconv.Itoa(len(value.items)), number: true, at: argument.at}
}

func (r *reader) toJSONString(argument *node) *node {
	value := r.resolve(argument)
	if !r.extension(argument.position(), "Fn::ToJsonString") || value.is(unresolved) {
		return &node{kind: unresolved, at: argument.position()}
	}
	if !value.is(list) && !value.is(mapping) {
		return r.malformed(argument, "Fn::ToJsonString", "a list or a mapping")
	}
	return textAt(argument.at, jsonOf(value, false))
}

// jsonOf writes a resolved value as JSON, with its keys in their order. texts writes numbers as texts too.
func jsonOf(n *node, texts bool) string {
	var parts []string
	switch n.kindOf() {
	case scalar:
		if n.number && !texts {
			return n.text
		}
		return quote(n.text)
	case list:
		for _, item := range n.items {
			parts = append(parts, jsonOf(item, texts))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case mapping:
		for _, f := range n.fields {
			parts = append(parts, quote(f.key)+":"+jsonOf(f.value, texts))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "null"
}

// quote writes a text as JSON without escaping what HTML would need.
func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // texts can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

// expand writes out a mapping's Fn::ForEach, and puts in what its Fn::Transform includes.
func (r *reader) expand(n *node) *node {
	expanded := &node{kind: mapping, at: n.position()}
	for _, f := range n.each() {
		switch {
		case strings.HasPrefix(f.key, forEach):
			expanded.fields = append(expanded.fields, r.loop(f)...)
		case f.key == "Fn::Transform":
			expanded.fields = append(expanded.fields, r.transform(f.value).each()...)
		default:
			expanded.fields = append(expanded.fields, f)
		}
	}
	return expanded
}

// loop writes out one Fn::ForEach: [identifier, collection, fragment].
func (r *reader) loop(f field) []field {
	items := f.value.elements()
	if !r.extension(f.at, f.key) {
		return nil
	}
	if len(items) != 3 || !items[0].is(scalar) || !items[2].is(mapping) {
		r.malformed(f.value, f.key, "an identifier, a collection and a mapping")
		return nil
	}
	collection := r.resolve(items[1])
	if !collection.is(list) {
		r.malformed(items[1], f.key, "a list as its collection")
		return nil
	}
	var all []field
	for _, item := range collection.items {
		if !item.is(scalar) {
			r.malformed(items[1], f.key, "a list of texts")
			return nil
		}
		all = append(all, r.expand(r.replaced(items[2], newIdentifier(items[0].text, item.text))).fields...)
	}
	return all
}

// identifier is the name that a Fn::ForEach gives to an item.
type identifier struct {
	name, value string
	// texts puts the value in place of ${name}, and without what a logical id can't have in place of &{name}.
	texts *strings.Replacer
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

func newIdentifier(name, value string) identifier {
	plain := notAlphanumeric.ReplaceAllString(value, "")
	return identifier{name, value, strings.NewReplacer("${"+name+"}", value, "&{"+name+"}", plain)}
}

// replaced returns a copy with an item in place of its identifier.
func (r *reader) replaced(n *node, id identifier) *node {
	if !r.step(n) {
		return &node{kind: unresolved, at: n.position()}
	}
	if name, argument, ok := n.call(); ok && name == "Ref" && argument.is(scalar) && argument.text == id.name {
		return textAt(n.at, id.value)
	}
	if n.kindOf() == missing {
		return n
	}
	copied := *n
	copied.items, copied.fields = nil, nil
	if n.is(scalar) {
		copied.text = id.texts.Replace(n.text)
	}
	for _, item := range n.elements() {
		copied.items = append(copied.items, r.replaced(item, id))
	}
	for _, f := range n.each() {
		copied.fields = append(copied.fields, field{id.texts.Replace(f.key), f.at, r.replaced(f.value, id)})
	}
	return &copied
}

// transform resolves Fn::Transform, of which AWS::Include of a file beside the template is known.
func (r *reader) transform(argument *node) *node {
	at := argument.position()
	name, _ := r.text(argument.get("Name"))
	location, ok := r.text(argument.get("Parameters", "Location"))
	if name != "AWS::Include" || !ok || strings.Contains(location, "://") {
		r.incomplete = true
		r.warn(at, "write into the template what it makes", "Fn::Transform of %s is not run here", short(strings.TrimSpace(name+" "+location)))
		return nil
	}
	if !filepath.IsAbs(location) {
		location = filepath.Join(r.directory, location)
	}
	return r.include(at, location)
}

// maxIncludes ends an included file that includes itself.
const maxIncludes = 100

func (r *reader) include(at Position, path string) *node {
	if r.includes++; r.includes > maxIncludes {
		return r.fail(at, "include less", "the template includes more than %d files, or one of them itself", maxIncludes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return r.fail(at, "put the file there", "%s can't be included: %s", path, cause(err))
	}
	included, err := parse(path, data)
	if problem, is := err.(Problem); is {
		return r.fail(problem.Position, problem.Remedy, "%s", problem.Text)
	}
	return included
}
