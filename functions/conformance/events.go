package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

var awsID = regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`)

// contextKeys are the members of every requestContext, sorted.
var contextKeys = []string{
	"apiId", "connectedAt", "connectionId", "domainName", "eventType", "extendedRequestId", "identity", "messageDirection",
	"requestId", "requestTime", "requestTimeEpoch", "routeKey", "stage",
}

// hasMembers says whether an event has these members and its context these beside those of all.
func hasMembers(e event, members []string, more ...string) verdict {
	want := append(more, contextKeys...)
	slices.Sort(want)
	if got := e.keys("requestContext"); !slices.Equal(got, want) {
		return when(false, "requestContext has %s", difference(got, want))
	}
	got := e.keys()
	got = slices.DeleteFunc(got, func(name string) bool { return name == "stageVariables" }) // U12.
	return when(slices.Equal(got, members), "the event has %v", got)
}

// difference is what one list has too many and too few of another's.
func difference(got, want []string) string {
	var more, fewer []string
	for _, name := range got {
		if !slices.Contains(want, name) {
			more = append(more, name)
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			fewer = append(fewer, name)
		}
	}
	return fmt.Sprintf("%v too many, %v too few", more, fewer)
}

func e01(s *suite) verdict {
	_, e := s.open(s.main, "", nil)
	return hasMembers(e, []string{"headers", "isBase64Encoded", "multiValueHeaders", "requestContext"})
}

func e02(s *suite) verdict {
	_, e := s.open(s.main, "", nil)
	if without := e.at("queryStringParameters"); without != nil || slices.Contains(e.keys(), "queryStringParameters") {
		return when(false, "without a query string queryStringParameters is %s", encode(without))
	}
	_, e = s.open(s.main, "?a=1&a=2", nil)
	single, multi := e.text("queryStringParameters", "a"), encode(e.at("multiValueQueryStringParameters", "a"))
	return when(single == "2" && multi == `["1","2"]`, "of ?a=1&a=2: %q and %s", single, multi)
}

func e03(s *suite) verdict {
	_, e := s.open(s.main, "", nil, "X-My-Header: 1", "x-lower: 2")
	names := e.keys("headers")
	for _, hop := range []string{"Connection", "Upgrade"} {
		if e.header(hop) != "" {
			return when(false, "the header %s is there", hop)
		}
	}
	kept := slices.Contains(names, "X-My-Header") && slices.Contains(names, "x-lower") && slices.Contains(names, "Host")
	return when(kept, "the names are %v", names)
}

// message sends a text to $default and returns the event that came of it.
func (s *suite) message(c *client, text string) event {
	c.send(text)
	return s.event(c, "MESSAGE")
}

func e04(s *suite) verdict {
	const text = `hi <&> "é"`
	e := s.message(s.connect(s.main), text)
	v := hasMembers(e, []string{"body", "isBase64Encoded", "requestContext"}, "messageId")
	if v.Outcome == holds {
		direction, encoded := e.context("messageDirection"), e.at("isBase64Encoded")
		v = when(direction == "IN" && encoded == false && e.text("body") == text,
			"messageDirection %v, isBase64Encoded %v, body %q", direction, encoded, e.text("body"))
	}
	return v
}

func e05(s *suite) verdict {
	c, first := s.open(s.main, "", nil)
	events := []event{first, s.message(c, "1"), s.message(c, "2")}
	seen := map[string]bool{}
	for _, e := range events {
		request, message := e.text("requestContext", "requestId"), e.text("requestContext", "messageId")
		if request != e.text("requestContext", "extendedRequestId") || !awsID.MatchString(e.id()) {
			return when(false, "connectionId %s, requestId %s, extendedRequestId %v", e.id(), request, e.context("extendedRequestId"))
		}
		for _, id := range []string{request, message} {
			if id != "" && (seen[id] || !awsID.MatchString(id)) {
				return when(false, "the id %s", id)
			}
			seen[id] = true
		}
	}
	return when(len(seen) == 6, "ids like %s, new for each event", first.id()) // Five and the empty one of CONNECT.
}

func e06(s *suite) verdict {
	c, first := s.open(s.main, "", nil)
	time.Sleep(20 * time.Millisecond) // So that another clock's time would show.
	second := s.message(c, "1")
	c.leave(1000, "")
	third := s.event(c, "DISCONNECT")
	at, number := first.context("connectedAt").(float64)
	same := at == second.context("connectedAt") && at == third.context("connectedAt")
	return when(number && same && at > 1e12, "%s, %s, %s", encode(first.context("connectedAt")), encode(second.context("connectedAt")), encode(third.context("connectedAt")))
}

func e07(s *suite) verdict {
	_, e := s.open(s.main, "", nil)
	text, _ := e.context("requestTime").(string)
	epoch, _ := e.context("requestTimeEpoch").(float64)
	at, err := time.Parse("02/Jan/2006:15:04:05 +0000", text)
	return when(err == nil && math.Abs(float64(at.UnixMilli())-epoch) < 1500, "requestTime %q, requestTimeEpoch %.0f", text, epoch)
}

func e08(s *suite) verdict {
	_, without := s.open(s.main, "", nil)
	_, withAgent := s.open(s.main, "", nil, "User-Agent: conformance")
	a, b := without.keys("requestContext", "identity"), withAgent.text("requestContext", "identity", "userAgent")
	return when(slices.Equal(a, []string{"sourceIp"}) && b == "conformance", "without a User-Agent %v, with one %q", a, b)
}

// ended opens a connection, ends it and returns what DISCONNECT says.
func (s *suite) ended(end func(*client)) (code float64, reason string, e event) {
	c := s.connect(s.main)
	end(c)
	e = s.event(c, "DISCONNECT")
	code, _ = e.context("disconnectStatusCode").(float64)
	return code, e.text("requestContext", "disconnectReason"), e
}

// disconnects says whether DISCONNECT has a code and a reason.
func (s *suite) disconnects(wantCode float64, wantReason string, end func(*client)) verdict {
	code, reason, _ := s.ended(end)
	return when(code == wantCode && reason == wantReason, "%.0f %q", code, reason)
}

func withoutCode(c *client) { c.frame(8, true, nil) }

func e09(s *suite) verdict {
	return s.disconnects(1005, "Client-side close frame status not set", withoutCode)
}

func e10(s *suite) verdict { return s.disconnects(1001, "", func(c *client) { c.leave(1001, "") }) }

func e11(s *suite) verdict {
	code, reason, _ := s.ended((*client).reset)
	return when(code == 1006, "%.0f %q", code, reason)
}

func e12(s *suite) verdict {
	_, _, e := s.ended(withoutCode)
	v := hasMembers(e, []string{"headers", "isBase64Encoded", "multiValueHeaders", "requestContext"}, "disconnectReason", "disconnectStatusCode")
	if v.Outcome != holds {
		return v
	}
	names := strings.Join(e.keys("headers"), " ")
	return when(names == "Host X-Forwarded-For x-api-key x-restapi" && e.header("x-api-key") == "", "headers %s", names)
}

func e13(s *suite) verdict {
	need(s.bare)
	throwing, _ := s.open(s.main, "", object{"disconnect": "boom"})
	return each([]*client{throwing, s.try(s.bare, "", nil)}, func(c *client) verdict {
		c.leave(1000, "")
		saw := c.next()
		return when(saw.isClose(1000), "%s", saw)
	})
}
