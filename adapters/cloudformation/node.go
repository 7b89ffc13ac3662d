package cloudformation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a template: far above what CloudFormation takes (1 MB, 500 resources), and low enough for a YAML of aliases
// of aliases to end.
const (
	maxBytes = 4 << 20
	maxNodes = 200_000
	maxDepth = 100
	maxText  = 1 << 20
)

type kind int

const (
	// missing is null, AWS::NoValue and what isn't there.
	missing kind = iota
	scalar
	list
	mapping
	// unresolved is what a problem was reported of already.
	unresolved
)

// node is a value of a template and where it is written. Short forms are spelled out: !Ref X is {"Ref": "X"}. A nil
// *node is a missing one.
type node struct {
	kind   kind
	text   string
	number bool // a scalar that JSON writes without quotes
	items  []*node
	fields []field
	at     Position
}

type field struct {
	key   string
	at    Position
	value *node
}

func (n *node) is(k kind) bool { return n.kindOf() == k }

func (n *node) kindOf() kind {
	if n == nil {
		return missing
	}
	return n.kind
}

// position is where a node is written, nowhere if it is missing.
func (n *node) position() Position {
	if n == nil {
		return Position{}
	}
	return n.at
}

// get returns a field's value, nil if there is none. Of several keys each is looked up in what the one before it gave.
func (n *node) get(keys ...string) *node {
	for _, key := range keys {
		n = n.field(key)
	}
	return n
}

func (n *node) field(key string) *node {
	if !n.is(mapping) {
		return nil
	}
	for _, f := range n.fields {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// each returns the fields of a mapping, none of anything else.
func (n *node) each() []field {
	if !n.is(mapping) {
		return nil
	}
	return n.fields
}

// elements returns the items of a list, none of anything else.
func (n *node) elements() []*node {
	if !n.is(list) {
		return nil
	}
	return n.items
}

func textAt(at Position, text string) *node { return &node{kind: scalar, text: text, at: at} }

// mapAt makes a mapping of keys and values, without those that are missing.
func mapAt(at Position, fields ...any) *node {
	m := &node{kind: mapping, at: at}
	for i := 0; i < len(fields); i += 2 {
		value, isNode := fields[i+1].(*node)
		if !isNode {
			value = textAt(at, fields[i+1].(string))
		}
		if !value.is(missing) {
			m.fields = append(m.fields, field{fields[i].(string), value.at, value})
		}
	}
	return m
}

func listAt(at Position, items ...*node) *node { return &node{kind: list, items: items, at: at} }

const forEach = "Fn::ForEach::"

// call returns the name and the argument of an intrinsic function.
func (n *node) call() (name string, argument *node, ok bool) {
	if !n.is(mapping) || len(n.fields) != 1 {
		return "", nil, false
	}
	f := n.fields[0]
	return f.key, f.value, f.key == "Ref" || strings.HasPrefix(f.key, "Fn::") && !strings.HasPrefix(f.key, forEach)
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// parse reads YAML, or JSON. Its errors are Problems.
func parse(file string, data []byte) (*node, error) {
	if len(data) > maxBytes {
		return nil, Problem{Position{file, 0}, "", "is larger than any template that AWS takes", "give the template's own file"}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(yamlOf(data), &document); err != nil {
		return nil, syntaxProblem(file, err)
	}
	if len(document.Content) == 0 {
		return nil, Problem{Position{file, 0}, "", "is empty", "give a SAM or CloudFormation template"}
	}
	p := parser{file: file}
	return p.node(document.Content[0], 0)
}

func syntaxProblem(file string, err error) Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	at := Position{File: file}
	if match := yamlLine.FindStringSubmatch(text); match != nil {
		at.Line, _ = strconv.Atoi(match[1])
		text = strings.Replace(text, match[0], "", 1)
	}
	text = strings.Join(strings.Fields(text), " ")
	return Problem{at, "", "is neither YAML nor JSON: " + text, "give a SAM or CloudFormation template"}
}

var surrogates = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)

// yamlOf makes YAML of JSON, which it nearly is: but for tabs, and for characters in two halves.
func yamlOf(data []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) || !json.Valid(data) {
		return data
	}
	data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	return surrogates.ReplaceAllFunc(data, func(pair []byte) []byte {
		var whole string
		if json.Unmarshal([]byte(`"`+string(pair)+`"`), &whole) != nil {
			return pair
		}
		return []byte(whole)
	})
}

type parser struct {
	file  string
	nodes int
}

func (p *parser) problem(line int, remedy, format string, args ...any) error {
	return Problem{Position{p.file, line}, "", fmt.Sprintf(format, args...), remedy}
}

func (p *parser) node(y *yaml.Node, depth int) (*node, error) {
	if p.nodes++; p.nodes > maxNodes || depth > maxDepth {
		return nil, p.problem(y.Line, "write it without aliases of aliases", "is deeper or larger than any template that AWS takes")
	}
	n := &node{at: Position{p.file, y.Line}}
	var err error
	switch y.Kind {
	case yaml.AliasNode:
		return p.node(y.Alias, depth+1)
	case yaml.MappingNode:
		n.kind = mapping
		err = p.mapping(n, y, depth)
	case yaml.SequenceNode:
		n.kind = list
		err = p.sequence(n, y, depth)
	default:
		p.scalar(n, y)
	}
	if name, short := strings.CutPrefix(y.Tag, "!"); err == nil && short && !strings.HasPrefix(name, "!") {
		return &node{kind: mapping, fields: []field{{longForm(name), n.at, n}}, at: n.at}, nil
	}
	return n, err
}

func longForm(name string) string {
	if name == "Ref" || name == "Condition" {
		return name
	}
	return "Fn::" + name
}

func (p *parser) sequence(n *node, y *yaml.Node, depth int) error {
	for _, item := range y.Content {
		child, err := p.node(item, depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, child)
	}
	return nil
}

func (p *parser) mapping(n *node, y *yaml.Node, depth int) error {
	seen := map[string]bool{}
	var merged []field
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		child, err := p.node(y.Content[i+1], depth+1)
		switch {
		case err != nil:
			return err
		case key.Tag == "!!merge":
			merged = append(merged, mergedFields(child)...)
			continue
		case key.Kind != yaml.ScalarNode:
			return p.problem(key.Line, "write a name there", "a key is no text")
		case seen[key.Value]:
			return p.problem(key.Line, "remove one of them", "%s is there twice", key.Value)
		}
		seen[key.Value] = true
		n.fields = append(n.fields, field{key.Value, Position{p.file, key.Line}, child})
	}
	for _, f := range merged {
		if !seen[f.key] {
			seen[f.key] = true
			n.fields = append(n.fields, f)
		}
	}
	return nil
}

// mergedFields are those of a mapping, or of several, that "<<" puts into another one.
func mergedFields(n *node) []field {
	all := n.each()
	for _, item := range n.elements() {
		all = append(all, item.each()...)
	}
	return all
}

// yaml11 has the words that are truth values to CloudFormation and SAM, whose YAML is 1.1, and texts to YAML 1.2.
var yaml11 = map[string]string{"yes": "true", "on": "true", "no": "false", "off": "false"}

func (p *parser) scalar(n *node, y *yaml.Node) {
	n.kind, n.text = scalar, y.Value
	switch y.ShortTag() {
	case "!!null":
		n.kind = missing
	case "!!bool":
		n.text, n.number = strings.ToLower(y.Value), true
	case "!!int", "!!float":
		// 010 is eight in YAML 1.1, and 1_000 a thousand.
		if whole, err := strconv.ParseInt(y.Value, 0, 64); err == nil {
			n.text = strconv.FormatInt(whole, 10)
		}
		n.number = json.Valid([]byte(n.text))
	case "!!str":
		if truth, is := yaml11[strings.ToLower(y.Value)]; is && y.Style == 0 && y.Tag == "!!str" && capitals(y.Value) {
			n.text, n.number = truth, true
		}
	}
}

// capitals tells whether a word is written as YAML 1.1 wants it: all small, all capital, or with a capital first.
func capitals(word string) bool {
	return word == strings.ToLower(word) || word == strings.ToUpper(word) || word[1:] == strings.ToLower(word[1:])
}
