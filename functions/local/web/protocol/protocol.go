// Package protocol makes asyncapi.yaml into a page for people, which needs no network, and into the examples of the chat
// page's editor.
package protocol

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:generate cp ../../../../asyncapi.yaml asyncapi.yaml

// source is a copy: go:embed reaches no folder above its own.
//
//go:embed asyncapi.yaml
var source []byte

//go:embed page.html
var markup string

// document is asyncapi.yaml. It has been embedded and tested, so it can be read.
var document = sync.OnceValue(func() spec {
	var read spec
	if err := yaml.Unmarshal(source, &read); err != nil {
		panic(err)
	}
	return read
})

// Page returns the document as a page. It refers to protocol.css, icon.svg and the chat page, at /, beside it, and has
// neither scripts nor styles of its own.
func Page() []byte {
	s := document()
	funcs := template.FuncMap{
		"blocks": s.blocks, "spans": s.spans, "messages": s.messages, "message": s.Components.Messages.get, "meanings": s.meanings,
		"fields": func(of schema) []field { return s.fields("", of) },
		"within": func(of schema) []field { return s.within("", of) },
		"kind":   s.kind, "limits": func(of schema) []span { return s.spans(paragraph(s.limits(of))) },
		"example": example,
	}
	var page bytes.Buffer
	if err := template.Must(template.New("page").Funcs(funcs).Parse(markup)).Execute(&page, s); err != nil {
		panic(err) // As above.
	}
	return page.Bytes()
}

// Examples returns a module of JavaScript whose actions are [{name, summary, examples}], each with at least one example.
func Examples() []byte {
	type action struct {
		Name     string            `json:"name"`
		Summary  string            `json:"summary"`
		Examples []json.RawMessage `json:"examples"`
	}
	var all []action
	for _, o := range document().Operations {
		a := action{Name: o.Name, Summary: o.Value.Summary}
		for _, m := range document().messages(o.Value.Messages) {
			for i := range m.Examples {
				a.Examples = append(a.Examples, ordered(&m.Examples[i].Payload))
			}
		}
		if o.Value.Action == "receive" {
			all = append(all, a)
		}
	}
	body, _ := json.Marshal(all) // Nothing of it can fail.
	return append(append([]byte("export const actions = "), body...), ";\n"...)
}

// wide is how long a line of an example may get.
const wide = 80

// example writes a payload as people type it: in a line, or indented if that would be long.
func example(payload yaml.Node) string {
	raw := ordered(&payload)
	if len(raw) <= wide {
		return string(raw)
	}
	var text bytes.Buffer
	_ = json.Indent(&text, raw, "", "  ") // ordered makes JSON.
	return text.String()
}

// ordered writes YAML as JSON, with keys in their order.
func ordered(node *yaml.Node) json.RawMessage {
	var parts [][]byte
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, _ := json.Marshal(node.Content[i].Value)
			parts = append(parts, slices.Concat(key, []byte(":"), ordered(node.Content[i+1])))
		}
		return slices.Concat([]byte("{"), bytes.Join(parts, []byte(",")), []byte("}"))
	case yaml.SequenceNode:
		for _, item := range node.Content {
			parts = append(parts, ordered(item))
		}
		return slices.Concat([]byte("["), bytes.Join(parts, []byte(",")), []byte("]"))
	}
	var value any
	_ = node.Decode(&value)
	scalar, _ := json.Marshal(value)
	return scalar
}
