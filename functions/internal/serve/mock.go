package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wsecho/adapters/cloudformation"
)

// mock is an integration of type MOCK: its request template makes a status, which picks the response, whose template
// makes the reply.
type mock struct{ cloudformation.Mock }

var statusCode = regexp.MustCompile(`["']?statusCode["']?\s*:\s*["']?(\d{3})`)

// Invoke implements gateway.Handler.
func (m mock) Invoke(_ context.Context, event []byte) ([]byte, error) {
	var message variables
	if err := json.Unmarshal(event, &message); err != nil {
		return nil, err
	}
	request := message.Body
	if template, found := selected(m.RequestTemplates, m.TemplateSelectionExpression, message); found {
		request = render(template, message)
	}
	status := statusCode.FindStringSubmatch(request)
	if status == nil {
		return nil, errors.New("the request template of the MOCK integration makes no statusCode")
	}
	code, _ := strconv.Atoi(status[1])
	return json.Marshal(map[string]any{"statusCode": code, "body": m.reply(status[1], message, request)})
}

// reply is what the response for a status says. What the request template made is the $input of it; the message picks the
// template.
func (m mock) reply(status string, message variables, request string) string {
	for _, exact := range []bool{true, false} {
		for _, response := range m.Responses {
			if matches(response.Key, status, exact) {
				template, _ := selected(response.Templates, response.TemplateSelectionExpression, message)
				message.Body = request
				return render(template, message)
			}
		}
	}
	return ""
}

// matches tells whether a response is for a status: by its expression, or $default for all that have none.
func matches(key, status string, byExpression bool) bool {
	expression, is := strings.CutPrefix(key, "/")
	if !is {
		return !byExpression && key == "$default"
	}
	pattern, err := regexp.Compile("^(?:" + strings.TrimSuffix(expression, "/") + ")$")
	return byExpression && err == nil && pattern.MatchString(status)
}

// selected picks a template: that of the expression, else $default, else that of API Gateway's own content type.
func selected(templates map[string]string, expression string, message variables) (string, bool) {
	for _, key := range []string{selectedKey(expression, message), "$default", "application/json"} {
		if template, found := templates[key]; found {
			return template, true
		}
	}
	return "", false
}

// selectedKey evaluates an expression: \$default and other texts stand for themselves.
func selectedKey(expression string, message variables) string {
	path, is := strings.CutPrefix(strings.Trim(strings.TrimPrefix(expression, "$"), "{}"), "request.body.")
	if !is || !strings.HasPrefix(expression, "$") {
		return strings.ReplaceAll(expression, `\`, "")
	}
	return text(at(message.Body, "$."+path))
}

// mockWarnings say which of an API's MOCK integrations have something that is not understood here.
func mockWarnings(api cloudformation.API) (all []cloudformation.Problem) {
	for _, route := range api.Routes {
		if route.Integration.Mock == nil {
			continue
		}
		for _, template := range templates(*route.Integration.Mock) {
			if left := notUnderstood(template); left != "" {
				all = append(all, cloudformation.Problem{Position: route.Integration.Position, Resource: route.LogicalID,
					Text:   fmt.Sprintf("%s in a template of the route %s stays as it is", left, route.Key),
					Remedy: "use $input.body, $input.json('$.x'), $input.path('$.x'), $context and $stageVariables"})
			}
		}
	}
	return all
}

// templates are all that a MOCK integration has.
func templates(m cloudformation.Mock) []string {
	all := slices.Collect(maps.Values(m.RequestTemplates))
	for _, response := range m.Responses {
		all = slices.AppendSeq(all, maps.Values(response.Templates))
	}
	return all
}
