package serve

import (
	"encoding/json"
	"testing"

	"wsecho/adapters/cloudformation"
)

const message = `{"requestContext":{"connectionId":"c1=","authorizer":{"principalId":"p"},"connectedAt":5},
	"stageVariables":{"colour":"green"},"body":"{\"a\":{\"b\":[1,\"two\",null]},\"kind\":\"x\",\"n\":1.5}"}`

func TestTemplates(t *testing.T) {
	var v variables
	if err := json.Unmarshal([]byte(message), &v); err != nil {
		t.Fatal(err)
	}
	for template, want := range map[string]string{
		"":                                   "",
		"plain $ {} 100%":                    "plain $ {} 100%",
		"$input.body":                        v.Body,
		"$input.json('$.a')":                 `{"b":[1,"two",null]}`,
		`$input.json("$.a.b[1]")`:            `"two"`,
		"$input.json('$')":                   `{"a":{"b":[1,"two",null]},"kind":"x","n":1.5}`,
		"$input.path('$.a.b[1]')":            "two",
		"$input.path( '$.a.b[9]' )":          "",
		"$input.json('$.nothing')":           "null",
		"$input.path('$.kind.deeper')":       "",
		"$input.path('$.n')":                 "1.5",
		"$context.connectionId":              "c1=",
		`{"id":"${context.connectionId}"}`:   `{"id":"c1="}`,
		`{"id":$context.connectedAt}`:        `{"id":5}`,
		"$!context.authorizer.principalId!":  "p!",
		"$context.nothing":                   "",
		"$stageVariables.colour":             "green",
		"${stageVariables.colour}ish":        "greenish",
		"$util.escapeJavaScript('x') stays":  "$util.escapeJavaScript('x') stays",
		"#set($x = 1)\n$context.connectedAt": "#set($x = 1)\n5",
	} {
		if got := render(template, v); got != want {
			t.Errorf("%s: got %q, want %q", template, got, want)
		}
	}
}

func TestWhatIsNotUnderstood(t *testing.T) {
	for template, want := range map[string]string{
		"": "", `{"statusCode": 200}`: "", "costs $5": "", "$input.body ${context.a.b}": "",
		"#set($x = 1)": "#set", "a\n  #if($x)": "$x", "$util.base64Encode($input.body)": "$util.base64Encode", "$input.params('x')": "$input.params",
	} {
		if got := notUnderstood(template); got != want && (got == "") != (want == "") {
			t.Errorf("%q: got %q, want %q", template, got, want)
		}
	}
}

func TestMock(t *testing.T) {
	ok := map[string]string{"$default": `{"statusCode": 200}`}
	responses := []cloudformation.MockResponse{
		{Key: "$default", Templates: map[string]string{"$default": "other"}},
		{Key: `/2\d{2}/`, Templates: map[string]string{"$default": "fine", "x": "fine x"}, TemplateSelectionExpression: "$request.body.kind"},
		{Key: `/404/`},
	}
	for name, c := range map[string]struct {
		mock cloudformation.Mock
		want string // Empty for an error.
	}{
		"default":            {cloudformation.Mock{RequestTemplates: ok}, `{"body":"","statusCode":200}`},
		"literal selection":  {cloudformation.Mock{TemplateSelectionExpression: "200", RequestTemplates: map[string]string{"200": "{statusCode: 201}"}}, `{"body":"","statusCode":201}`},
		"escaped selection":  {cloudformation.Mock{TemplateSelectionExpression: `\$default`, RequestTemplates: ok}, `{"body":"","statusCode":200}`},
		"by the message":     {cloudformation.Mock{TemplateSelectionExpression: "${request.body.kind}", RequestTemplates: map[string]string{"x": `{"statusCode":"202"}`}}, `{"body":"","statusCode":202}`},
		"content type":       {cloudformation.Mock{RequestTemplates: map[string]string{"application/json": `{"statusCode":203}`}}, `{"body":"","statusCode":203}`},
		"a response":         {cloudformation.Mock{RequestTemplates: map[string]string{"$default": `{"statusCode":500}`}, Responses: responses}, `{"body":"other","statusCode":500}`},
		"by its expression":  {cloudformation.Mock{RequestTemplates: ok, Responses: responses}, `{"body":"fine x","statusCode":200}`},
		"without a template": {cloudformation.Mock{RequestTemplates: map[string]string{"$default": `{"statusCode":404}`}, Responses: responses}, `{"body":"","statusCode":404}`},
		"no status":          {cloudformation.Mock{RequestTemplates: map[string]string{"$default": `{}`}}, ""},
		"nothing":            {cloudformation.Mock{}, ""},
	} {
		got, err := mock{c.mock}.Invoke(t.Context(), []byte(message))
		if (err == nil) != (c.want != "") || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, c.want)
		}
	}
	if _, err := (mock{}).Invoke(t.Context(), []byte("no event")); err == nil {
		t.Error("what is no event was answered")
	}
}
