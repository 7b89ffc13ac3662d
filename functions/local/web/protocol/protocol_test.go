package protocol

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// original is the document of which this folder has a copy, for go:embed reaches no folder above its own.
const original = "../../../../asyncapi.yaml"

func TestCopyIsCurrent(t *testing.T) {
	want, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(source, want) {
		t.Error("asyncapi.yaml has changed since it was copied here: run go generate ./functions/local/web/protocol")
	}
}

// TestEverySentence: whatever asyncapi.yaml says for people is on the page.
func TestEverySentence(t *testing.T) {
	page := text(Page())
	walk(t, func(path []string, node *yaml.Node) {
		key := path[len(path)-1]
		if slices.Contains([]string{"summary", "description", "title", "pattern", "const", "enum"}, key) && !under(path, "examples") {
			for _, part := range parts(node.Value) {
				if !strings.Contains(page, part) {
					t.Errorf("%s: %q is not on the page", strings.Join(path, "/"), part)
				}
			}
		}
	})
}

// parts are the pieces of a description, which are set in elements of their own.
func parts(description string) []string {
	var all []string
	for _, block := range regexp.MustCompile(`\n\n|(?m)^- |^## \w+$`).Split(description, -1) {
		_, block = cutCode(block)
		all = append(all, strings.Join(strings.Fields(strings.ReplaceAll(block, "`", "")), " "))
	}
	return all
}

// TestEveryKeyword: a schema has nothing that the page leaves out.
func TestEveryKeyword(t *testing.T) {
	shown := []string{"$ref", "type", "required", "properties", "const", "description", "maxLength", "minLength", "pattern", "minimum",
		"maximum", "default", "items", "maxItems", "not", "dependencies", "oneOf", "anyOf", "title", "enum", "format", "additionalProperties"}
	var found int
	walk(t, func(path []string, _ *yaml.Node) {
		if !under(path, "payload") && !under(path, "schemas") || under(path, "examples") {
			return
		}
		key, holder := path[len(path)-1], path[len(path)-2]
		names := slices.Contains([]string{"properties", "schemas", "dependencies"}, holder)
		if names || key == "payload" || key == "schemas" || key == "[]" {
			return
		}
		found++
		if !slices.Contains(shown, key) {
			t.Errorf("%s: the page does not show this keyword: see fields.go", strings.Join(path, "/"))
		}
	})
	if found < 200 {
		t.Errorf("%d keywords were looked at", found)
	}
}

// TestEveryOperation: each has its place on the page and its examples in the editor, which are those of the document.
func TestEveryOperation(t *testing.T) {
	var want struct {
		Operations map[string]struct{ Action string }
		Components struct {
			Messages map[string]struct {
				Examples []struct{ Payload map[string]any }
			}
		}
	}
	if err := yaml.Unmarshal(source, &want); err != nil {
		t.Fatal(err)
	}
	shown := examples(t)
	for name, operation := range want.Operations {
		if !bytes.Contains(Page(), []byte(`id="`+name+`"`)) {
			t.Errorf("the page has no section %s", name)
		}
		if operation.Action != "receive" {
			continue
		}
		given := want.Components.Messages[name].Examples
		if len(given) == 0 || len(shown[name]) != len(given) {
			t.Errorf("%s has %d examples, %d in the editor", name, len(given), len(shown[name]))
			continue
		}
		for i, example := range given {
			wanted, _ := json.Marshal(example.Payload)
			got, _ := json.Marshal(shown[name][i])
			if !bytes.Equal(got, wanted) {
				t.Errorf("the example %d of %s is %s, want %s", i, name, got, wanted)
			}
		}
	}
}

// examples reads what the editor gets.
func examples(t *testing.T) map[string][]map[string]any {
	t.Helper()
	body, isModule := bytes.CutPrefix(Examples(), []byte("export const actions = "))
	var actions []struct {
		Name, Summary string
		Examples      []map[string]any
	}
	if err := json.Unmarshal(bytes.TrimRight(body, ";\n"), &actions); err != nil || !isModule {
		t.Fatalf("examples.js is no module of examples: %v", err)
	}
	all := map[string][]map[string]any{}
	for _, action := range actions {
		if action.Summary == "" {
			t.Errorf("%s has no summary", action.Name)
		}
		all[action.Name] = action.Examples
	}
	return all
}

// TestEveryCode: what may come is explained, and a refusal that is named leads to its explanation.
func TestEveryCode(t *testing.T) {
	for _, code := range document().Components.Schemas.get("Code").Enum {
		if !bytes.Contains(Page(), []byte(`id="code-`+code+`"`)) {
			t.Errorf("the page does not explain %s", code)
		}
	}
}

// TestLinks: each leads to one place on the page, and none into the network.
func TestLinks(t *testing.T) {
	page := string(Page())
	places := map[string]int{}
	for _, match := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		places["#"+match[1]]++
	}
	for place, n := range places {
		if n > 1 {
			t.Errorf("%d places have the name %s", n, place)
		}
	}
	for _, match := range regexp.MustCompile(` (?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		link := match[1]
		files := []string{"/", "icon.svg", "protocol.css"}
		if places[link] == 0 && !slices.Contains(files, link) {
			t.Errorf("a link leads to %s", link)
		}
	}
}

// TestPaths: fields are named as a program finds them, also those of the types.
func TestPaths(t *testing.T) {
	for _, path := range []string{"to.user", "connection.connectedAt", "rooms.*.seq", "user", "[].seq", "[].connections"} {
		if !bytes.Contains(Page(), []byte("<code>"+path+"</code>")) {
			t.Errorf("no field is called %s", path)
		}
	}
	if bytes.Contains(Page(), []byte("<code>.")) {
		t.Error("a path begins with a dot")
	}
}

// TestNothingInline holds the page to the policy that it is served with.
func TestNothingInline(t *testing.T) {
	for _, inline := range []string{"<style", " style=", "<script", " onclick=", "javascript:", "ZgotmplZ"} {
		if bytes.Contains(Page(), []byte(inline)) {
			t.Errorf("the page has %s", inline)
		}
	}
}

// text is what a page says, without its markup.
func text(page []byte) string {
	bare := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(page), "")
	return strings.Join(strings.Fields(html.UnescapeString(bare)), " ")
}

func under(path []string, key string) bool { return slices.Contains(path[:len(path)-1], key) }

// walk visits every value of asyncapi.yaml that has a key.
func walk(t *testing.T, visit func(path []string, node *yaml.Node)) {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal(source, &root); err != nil {
		t.Fatal(err)
	}
	var step func(path []string, node *yaml.Node)
	step = func(path []string, node *yaml.Node) {
		if len(path) > 0 {
			visit(path, node)
		}
		for i, child := range node.Content {
			switch {
			case node.Kind == yaml.SequenceNode:
				step(append(slices.Clone(path), "[]"), child)
			case i%2 == 1:
				step(append(slices.Clone(path), node.Content[i-1].Value), child)
			}
		}
	}
	step(nil, root.Content[0])
}
