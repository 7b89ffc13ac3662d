package main

import (
	"maps"
	"slices"
	"strings"
)

// policy is an authorizer's answer with one statement.
func policy(effect, resource string) string {
	return `{"principalId":"p","policyDocument":{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"` + effect + `","Action":"execute-api:Invoke","Resource":"` + resource + `"}]}}`
}

// verdictOf connects with an authorizer that answers so.
func (s *suite) verdictOf(told object, status int) (*client, verdict) {
	c := s.try(s.guarded, "?token=1", told)
	return c, refusedWith(c, status)
}

func a01(s *suite) verdict {
	var all []*client
	v := each([][]string{{"", "Auth: yes"}, {"?token=", "Auth: yes"}, {"?token=1", "X-Auth: not this one"}}, func(c []string) verdict {
		tried := s.try(s.guarded, c[0], nil, c[1])
		all = append(all, tried)
		return refusedWith(tried, 401)
	})
	if v.Outcome == holds && slices.ContainsFunc(all, func(c *client) bool { return s.came(c, "REQUEST") }) {
		return when(false, "401, but the authorizer was asked")
	}
	return v
}

func a02(s *suite) verdict {
	c, v := s.verdictOf(object{"policy": policy("Deny", "$ARN")}, 403)
	if v.Outcome == holds && s.came(c, "CONNECT") {
		return when(false, "403, but $connect was called")
	}
	return v
}

func a03(s *suite) verdict {
	_, v := s.verdictOf(object{"policyThrow": "Unauthorized"}, 401)
	return v
}

func a04(s *suite) verdict {
	return each([]object{{"policyThrow": "boom"}, {"policy": `{"statusCode":401}`}, {"policy": `{"isAuthorized":true}`}}, func(told object) verdict {
		_, v := s.verdictOf(told, 500)
		v.Saw = encode(told) + ": " + v.Saw
		return v
	})
}

func a05(s *suite) verdict {
	_, v := s.verdictOf(object{"policy": policy("Allow", "$ARNelsewhere")}, 403)
	return v
}

// granted opens a connection that the authorizer lets in.
func (s *suite) granted() (*client, event) { return s.open(s.guarded, "?token=1", nil) }

// hasContext says whether an event has what the authorizer said, with or without the time that it took.
func hasContext(e event, latency bool) verdict {
	got, _ := e.context("authorizer").(map[string]any)
	_, number := got["integrationLatency"].(float64)
	shown := maps.Clone(got)
	delete(shown, "collect")
	return when(got["userId"] == "u1" && got["principalId"] == "p" && number == latency, "authorizer is %s", encode(shown))
}

func a06(s *suite) verdict {
	_, e := s.granted()
	return hasContext(e, true)
}

func a07(s *suite) verdict {
	c, _ := s.granted()
	c.send("hello")
	return hasContext(s.event(c, "MESSAGE"), false)
}

func a08(s *suite) verdict {
	c, _ := s.granted()
	s.event(c, "REQUEST")
	c.leave(1000, "")
	v := hasContext(s.event(c, "DISCONNECT"), false)
	if v.Outcome == holds && s.came(c, "REQUEST") {
		return when(false, "the authorizer was asked at the end")
	}
	return v
}

func a09(s *suite) verdict {
	for range 2 {
		c, _ := s.granted()
		if _, asked := s.records.take(s.wait, of("REQUEST", c.concerns)); !asked {
			return when(false, "the authorizer was not asked")
		}
	}
	return when(true, "it was asked twice")
}

func a10(s *suite) verdict {
	c, _ := s.granted()
	e := s.event(c, "REQUEST")
	var missing []string
	for _, name := range []string{"Connection", "Upgrade", "Host"} {
		if e.header(name) == "" {
			missing = append(missing, name)
		}
	}
	_, variables := e.at("stageVariables").(map[string]any)
	ok := e.text("type") == "REQUEST" && strings.HasSuffix(e.text("methodArn"), "/$connect") && variables && missing == nil
	return when(ok, "methodArn %s, members %v, missing headers %v", e.text("methodArn"), e.keys(), missing)
}
