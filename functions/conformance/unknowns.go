package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// u01 sends a slow message and a fast one.
func u01(s *suite) verdict {
	c := s.connect(s.main)
	s.tell(c, "reply", object{"sleep": 2000, "return": object{"statusCode": 200, "body": "slow"}})
	s.tell(c, "reply", object{"return": object{"statusCode": 200, "body": "fast"}})
	first, second := c.next(), c.next()
	if first.kind != "text" || second.kind != "text" {
		cannot("%s, then %s", first, second)
	}
	return when(first.text == "fast", "of a slow message and a fast one the %s is answered first", first.text)
}

func u02(s *suite) verdict {
	s.needLong()
	c, start := s.connect(s.main), time.Now()
	for time.Since(start) < idle+2*slack {
		c.frame(ws.OpPing, true, nil)
		if saw := c.within(slack); saw.kind == "close" || saw.kind == "end" {
			return when(true, "pings every minute, and %s after %v", saw, time.Since(start).Round(time.Second))
		}
		time.Sleep(slack / 2)
	}
	return when(false, "pings keep the connection open")
}

// u03 sends more than the stage of ProbeConstant takes.
func u03(s *suite) verdict {
	c := s.try(s.constant, "", nil)
	for range 60 {
		c.send(`{}`)
	}
	first := c.next()
	for saw := first; saw.kind == "text"; {
		saw = c.silence() // The same again for each message.
		if saw.kind == "close" || saw.kind == "end" {
			return when(false, "%s, then %s", first, saw)
		}
	}
	if first.kind == "nothing" {
		return untold("60 messages were not too many for it")
	}
	return when(serviceFrame("Too Many Requests").MatchString(first.text), "%s", first)
}

// closings are ways to be closed by the server, with the codes.
var closings = []struct {
	name string
	code int
	do   func(*suite, *client)
}{
	{"DELETE", 1000, func(s *suite, c *client) { s.call("DELETE", s.main.at(c.id), nil) }},
	{"a binary frame", 1003, func(_ *suite, c *client) { c.frame(ws.OpBinary, true, []byte{0}) }},
	{"a large frame", 1009, func(s *suite, c *client) { c.send(s.padded(32769)) }},
}

func u04(s *suite) verdict {
	ok, saw := true, []string{}
	for _, closing := range closings {
		c := s.connect(s.main)
		closing.do(s, c)
		got := c.next()
		if got.kind != "close" {
			ok, saw = false, append(saw, fmt.Sprintf("%s: %s", closing.name, got))
			continue
		}
		e := s.event(c, "DISCONNECT")
		reason := e.text("requestContext", "disconnectReason")
		saw = append(saw, fmt.Sprintf("%s: %s, DISCONNECT %s %q", closing.name, got, encode(e.context("disconnectStatusCode")), reason))
		want := map[int]string{1000: "Connection Closed Normally"}[closing.code]
		ok = ok && got.isClose(closing.code) && got.reason == want && reason == want
	}
	return when(ok, "%s", strings.Join(saw, "; "))
}

// reached lists which routes messages reach.
func (s *suite) reached(want []string, texts ...string) verdict {
	c := s.connect(s.main)
	var saw, got []string
	for _, text := range texts {
		route := s.message(c, text).route()
		got = append(got, route)
		saw = append(saw, text+" reaches "+route)
	}
	return when(strings.Join(got, " ") == strings.Join(want, " "), "%s", strings.Join(saw, ", "))
}

func u05(s *suite) verdict {
	return s.reached([]string{"5", "true", "$default"}, `{"action":5}`, `{"action":true}`, `{"action":null}`)
}

func u06(s *suite) verdict {
	return s.reached([]string{"$default", "$default"}, `{"action":"$connect"}`, `{"action":"$disconnect"}`)
}

// u07 has a $connect with a time-out of five seconds.
func u07(s *suite) verdict { return refusedWith(s.try(s.main, "", object{"sleep": 7000}), 504) }

func u08(s *suite) verdict {
	need(s.guarded)
	refusals := []struct {
		name, body string
		c          *client
	}{
		{"no identity source", `{"message":"Unauthorized"}`, s.try(s.guarded, "", nil)},
		{"Deny", `{"message":"Forbidden"}`, s.try(s.guarded, "?token=1", object{"policy": policy("Deny", "$ARN")})},
		{"$connect throws", `{"message":"Internal server error"}`, s.try(s.main, "", object{"throw": "boom"})},
		{"$connect returns 401", "", s.try(s.main, "", answering(object{"statusCode": 401, "body": "no"}))},
	}
	ok, saw := true, []string{}
	for _, r := range refusals {
		ok = ok && strings.ReplaceAll(r.c.body, `": "`, `":"`) == r.body
		saw = append(saw, fmt.Sprintf("%s: %d %q %s", r.name, r.c.status, r.c.body, r.c.header.Get("x-amzn-errortype")))
	}
	return when(ok, "%s", strings.Join(saw, "; "))
}

func u09(s *suite) verdict {
	return s.disconnects(4001, "bye", func(c *client) { c.leave(4001, "bye") })
}

func u10(s *suite) verdict {
	c := s.connect(s.main)
	c.frame(ws.OpText, true, []byte("a\xc3\x28"))
	saw := c.next()
	if s.came(c, "MESSAGE") {
		return when(false, "it reaches the function")
	}
	if again, err := s.handshake(s.main.url); err != nil {
		return when(false, "%s, and then nobody can connect: %v", saw, err)
	} else {
		again.reset()
	}
	return when(saw.isClose(1007), "%s", saw)
}

func u11(s *suite) verdict {
	status, body, err := s.get(s.main.url)
	if err != nil {
		cannot("%v", err)
	}
	return when(status == 426, "%d %.200q", status, body)
}

func u12(s *suite) verdict {
	_, e := s.granted()
	variables := e.at("stageVariables")
	number, yes := e.at("requestContext", "authorizer", "number"), e.at("requestContext", "authorizer", "yes")
	return when(variables == nil && number == "1.5" && yes == "true",
		"stageVariables %s; of the context's 1.5 and true %s and %s", encode(variables), encode(number), encode(yes))
}

func u13(s *suite) verdict {
	_, e := s.open(s.main, "", nil, "X-Twice: 1", "X-Twice: 2")
	single, multi := e.header("X-Twice"), encode(e.at("multiValueHeaders", "X-Twice"))
	return when(single == "2" && multi == `["1","2"]`, "headers %q, multiValueHeaders %s", single, multi)
}

func u14(s *suite) verdict {
	c := s.connect(s.guarded)
	a := s.call("POST", s.main.at(c.id), []byte("x"))
	return when(a.status == 410, "an id of another API: %d %s %.200q", a.status, a.kind, a.body)
}

func u15(s *suite) verdict {
	c := s.connect(s.main)
	empty := s.call("POST", s.main.at(c.id), nil)
	nothing := c.silence()
	bad := s.call("POST", s.main.at(c.id), []byte("a\xffb"))
	text := c.silence()
	return when(empty.status == 200 && nothing.kind == "nothing" && bad.status == 200 && text.text == "a\uFFFDb",
		"an empty post: %d and %s; bytes that are no UTF-8: %d and %s", empty.status, nothing, bad.status, text)
}

func u16(s *suite) verdict {
	c := s.try(s.guarded, "?token=1", nil, "auth: yes")
	return when(c.status == 101, "for the source header.Auth, sent as auth: %d", c.status)
}

func u17(s *suite) verdict {
	return refusedWith(s.try(s.guarded, "?token=1", object{"pad": 9000}), 500)
}

func u19(s *suite) verdict {
	c := s.try(s.main, "", nil, "Sec-WebSocket-Extensions: permessage-deflate")
	if c.header.Get("Sec-WebSocket-Extensions") == "" {
		cannot("permessage-deflate is not accepted")
	}
	s.event(c, "CONNECT")
	c.compressed(s.padded(40000))
	saw := c.silence()
	return when(saw.isClose(1009), "40,000 bytes compressed into a small frame: %s, invoked %v", saw, s.came(c, "MESSAGE"))
}

// u20 closes while a message is being handled.
func u20(s *suite) verdict {
	c, _ := s.told("silent", with(x, object{"sleep": 3000}))
	c.leave(1000, "")
	s.event(c, "DISCONNECT")
	first, ok := s.records.take(0, func(r record) bool { return r.Probe == "end" && r.Event.id() == c.id })
	return when(!ok && first.Probe == "", "$disconnect came before the message's handler ended: %v", !ok)
}
