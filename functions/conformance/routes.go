package main

import (
	"regexp"
)

// sent is a message and the route that it has to reach.
type sent struct{ text, route string }

// reach says whether messages reach their routes, as they were sent.
func (s *suite) reach(a api, list ...sent) verdict {
	c := s.try(a, s.token(a), nil)
	v := each(list, func(m sent) verdict {
		e := s.message(c, m.text)
		if body := e.text("body"); body != m.text && e.route() == m.route {
			return when(false, "%s came as %q", m.text, body)
		}
		return when(e.route() == m.route, "%s reached %s", m.text, e.route())
	})
	return v
}

// toDefault are messages that have to reach $default.
func toDefault(texts ...string) []sent {
	var list []sent
	for _, text := range texts {
		list = append(list, sent{text, "$default"})
	}
	return list
}

func r01(s *suite) verdict { return s.reach(s.main, sent{`{"action":"join"}`, "join"}) }

func r02(s *suite) verdict { return s.reach(s.main, toDefault(`{"action":"nope"}`)...) }

// serviceFrame matches one of API Gateway's own messages, byte for byte but for the ids.
func serviceFrame(message string) *regexp.Regexp {
	return regexp.MustCompile(`^\{"message": "` + message + `", "connectionId":"([A-Za-z0-9_-]{15}=)", "requestId":"([A-Za-z0-9_-]{15}=)"\}$`)
}

// gets says whether the next thing that comes is a text that matches, and the connection lives on.
func gets(c *client, form *regexp.Regexp) verdict {
	saw := c.next()
	if saw.kind != "text" || !form.MatchString(saw.text) {
		return when(false, "%s", saw)
	}
	ok, then := c.alive()
	return when(ok, "%s, and after a ping %s", saw, then)
}

func r03(s *suite) verdict {
	c := s.try(s.bare, "", nil)
	c.send(`{"action":"nope"}`)
	return gets(c, serviceFrame("Forbidden"))
}

func r04(s *suite) verdict { return s.reach(s.main, toDefault(`hello`, `{"action":"join"`)...) }

func r05(s *suite) verdict {
	return s.reach(s.main, toDefault(`{}`, `{"x":1}`, `[1]`, `"join"`, `5`, `null`)...)
}

func r06(s *suite) verdict { return s.reach(s.main, toDefault(`{"action":"JOIN"}`)...) }

func r07(s *suite) verdict {
	return s.reach(s.paths, sent{`{"a":{"b":"join"}}`, "join-"}, sent{`{"a":{"b":"join"},"z":"x"}`, "join-x"},
		sent{`{"a":"join"}`, "$default"})
}

func r08(s *suite) verdict {
	need(s.constant)
	v := s.reach(s.all, toDefault(`{"action":"join"}`, `hello`)...)
	if v.Outcome == holds {
		v = s.reach(s.constant, sent{`{"action":"join"}`, "echo"}, sent{`hello`, "echo"})
	}
	return v
}

// r09 needs a route that nobody knows whether AWS lets one create; the template has none.
func r09(s *suite) verdict {
	e := s.message(s.connect(s.main), `{"action":["item1","item2"]}`)
	if e.route() == "$default" {
		return untold("it reached $default; there may be no route [item1, item2]")
	}
	return when(e.route() == "[item1, item2]", "it reached %s", e.route())
}

func r10(s *suite) verdict {
	return s.reach(s.main, sent{`{action:"join"}`, "join"}, sent{`{"action":"join", x:y}`, "join"})
}
