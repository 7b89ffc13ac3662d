package serve

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// variables are what a mapping template may use of an event.
type variables struct {
	Body           string            `json:"body"`
	RequestContext map[string]any    `json:"requestContext"`
	StageVariables map[string]string `json:"stageVariables"`
}

// reference is what of the Velocity Template Language is understood: variables, whose path follows.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-mapping-template-reference.html
var reference = regexp.MustCompile(`\$!?(\{?)(input\.body|input\.(?:json|path)\(\s*(?:'[^']*'|"[^"]*")\s*\)|context(?:\.\w+)+|stageVariables\.\w+)(\}?)`)

// directive is what is not: other variables, and lines that begin with #.
var directive = regexp.MustCompile(`\$!?\{?[A-Za-z][\w.]*|(?m)^\s*#[a-z@{]\w*`)

// notUnderstood is the first thing of a template that render leaves as it is.
func notUnderstood(template string) string {
	return strings.TrimSpace(directive.FindString(reference.ReplaceAllString(template, "")))
}

// render fills in a template.
func render(template string, v variables) string {
	return reference.ReplaceAllStringFunc(template, func(found string) string {
		parts := reference.FindStringSubmatch(found)
		value := v.value(parts[2])
		if parts[1] == "" {
			value += parts[3] // The brace is the text's own.
		}
		return value
	})
}

func (v variables) value(name string) string {
	root, rest, _ := strings.Cut(name, ".")
	switch {
	case name == "input.body":
		return v.Body
	case root == "context":
		return text(walk(v.RequestContext, rest))
	case root == "stageVariables":
		return v.StageVariables[rest]
	}
	function, argument, _ := strings.Cut(rest, "(")
	found := at(v.Body, strings.Trim(argument, " '\")"))
	if function == "path" {
		return text(found)
	}
	encoded, _ := json.Marshal(found)
	return string(encoded)
}

// at finds what a JSONPath like $.a.b[0] leads to in a text of JSON; nil if nothing is there.
func at(body, path string) any {
	var value any
	if json.Unmarshal([]byte(body), &value) != nil {
		return nil
	}
	path = strings.ReplaceAll(strings.TrimPrefix(path, "$"), "[", ".")
	return walk(value, strings.Trim(strings.NewReplacer("]", "", "'", "").Replace(path), "."))
}

func walk(value any, path string) any {
	if path == "" {
		return value
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := value.(type) {
		case map[string]any:
			value = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			value = in[i]
		default:
			return nil
		}
	}
	return value
}

// text is a value as a template shows it: a string without quotes, nothing for nothing, JSON for the rest.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	encoded, _ := json.Marshal(value)
	return string(encoded)
}
