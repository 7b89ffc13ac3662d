package selection

import "testing"

func TestEvaluate(t *testing.T) {
	const strings, all = true, false
	for _, test := range []struct {
		expression, text string
		stringsOnly      bool
		want             Result
	}{
		{"$request.body.action", `{"action":"join"}`, all, Result{Key: "join"}},
		{"$request.body.action", `{action:join}`, all, Result{Key: "join", Lenient: true}},
		{"$request.body.action", `join`, all, Result{}},
		{"$request.body.action", `{`, all, Result{}},
		{"$request.body.action", `{"action":5}`, all, Result{Key: "5", Literal: true}},
		{"$request.body.action", `{"action":5}`, strings, Result{Literal: true}},
		{"$request.body.action", `{"action":null}`, all, Result{Literal: true}},
		{"${request.body.a}/${request.body.b}", `{"a":"x","b":true}`, strings, Result{Key: "x/", Literal: true}},
		{"$request.body.a[1]['b.c']", `{"a":[0,{"b.c":"x"}]}`, all, Result{Key: "x"}},
		{`$request.body.a["b"]`, `{"a":{"b":["x","y"]}}`, all, Result{Key: "[x, y]"}},
		{`\$default`, `{`, all, Result{Key: "$default"}},
		{"echo", `{action:x}`, all, Result{Key: "echo"}},
		{`a\$${request.body.b}`, `{"b":"c"}`, all, Result{Key: "a$c"}},
	} {
		e, err := Parse(test.expression)
		if err != nil {
			t.Errorf("Parse(%s): %v", test.expression, err)
			continue
		}
		if got := e.Evaluate(test.text, test.stringsOnly); got != test.want {
			t.Errorf("%s of %s is %+v, want %+v", test.expression, test.text, got, test.want)
		}
	}
}

func FuzzSelection(f *testing.F) {
	for _, seed := range []string{`{"action":"a"}`, `{action:a}`, `{'a':'\'`, `[[`, `{"a":}`, `{,}`, "\xff", `{"action":"\ud800"}`} {
		f.Add("$request.body.action", seed)
	}
	f.Add(`${request.body.a[0]['b']}\$x`, `{"a":[{"b":1}]}`)
	f.Fuzz(func(t *testing.T, expression, text string) {
		if e, err := Parse(expression); err == nil {
			e.Evaluate(text, false)
			e.Evaluate(text, true)
		}
	})
}
