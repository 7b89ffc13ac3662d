package main

import (
	"regexp"
	"time"

	"github.com/gobwas/ws"
)

var x = answering(object{"statusCode": 200, "body": "x"})

// told sends instructions to a route of a new connection and returns it and the event.
func (s *suite) told(route string, told object) (*client, event) {
	c := s.connect(s.main)
	s.tell(c, route, told)
	return c, s.event(c, "MESSAGE")
}

// invisible says whether nothing comes of what a route returns, and the connection lives on.
func (s *suite) invisible(route string, told object) verdict {
	c, _ := s.told(route, told)
	if saw := c.silence(); saw.kind != "nothing" {
		return when(false, "%s", saw)
	}
	ok, saw := c.alive()
	return when(ok, "after a ping %s", saw)
}

// replied says whether x comes of what a route returns.
func (s *suite) replied(told object) verdict {
	c, _ := s.told("reply", told)
	saw := c.next()
	return when(saw.kind == "text" && saw.text == "x", "%s", saw)
}

func m01(s *suite) verdict { return s.invisible("silent", x) }

func m02(s *suite) verdict { return s.replied(x) }

func m03(s *suite) verdict { return s.replied(answering(object{"statusCode": 500, "body": "x"})) }

func m04(s *suite) verdict { return s.invisible("half", x) }

func m05(s *suite) verdict { return s.invisible("silent", answering(object{"statusCode": 500})) }

var internalError = serviceFrame("Internal server error")

func m06(s *suite) verdict {
	c, e := s.told("reply", object{"throw": "secret"})
	saw := c.next()
	ids := internalError.FindStringSubmatch(saw.text)
	if ids == nil || ids[1] != e.id() || ids[2] != e.text("requestContext", "requestId") {
		return when(false, "%s", saw)
	}
	s.tell(c, "reply", x)
	then := c.next()
	return when(then.text == "x", "%s, and of the next message %s", saw, then)
}

func m07(s *suite) verdict {
	return each([]any{object{"ConnectionId": "x", "Data": "y", "statusCode": 200}, nil, "x", object{"body": "x"}}, func(answer any) verdict {
		c, _ := s.told("reply", answering(answer))
		v := gets(c, internalError)
		v.Saw = encode(answer) + ": " + v.Saw
		return v
	})
}

// m08 has a route with a time-out of one second.
func m08(s *suite) verdict {
	start := time.Now()
	c, _ := s.told("slow", with(x, object{"sleep": 4000}))
	v := gets(c, serviceFrame("Endpoint request timed out"))
	took := time.Since(start).Round(100 * time.Millisecond)
	if v.Outcome != holds || took > 3*time.Second {
		return when(false, "%s after %v", v.Saw, took)
	}
	if _, ended := s.note(c, "end"); !ended {
		return when(false, "%s, and the handler didn't run on", v.Saw)
	}
	return when(true, "%s after %v, and the handler ran on", v.Saw, took)
}

func m13(s *suite) verdict {
	c := s.connect(s.main)
	if ok, saw := c.alive(); !ok {
		return when(false, "%s", saw)
	}
	c.frame(ws.OpText, false, []byte(`{"action":`))
	if ok, saw := c.alive(); !ok {
		return when(false, "between two frames %s", saw)
	}
	if s.came(c, "MESSAGE") {
		return when(false, "the function was invoked")
	}
	c.frame(ws.OpContinuation, true, []byte(`"join"}`))
	return when(s.event(c, "MESSAGE").route() == "join", "a pong, also between the frames of a message")
}

var badBody = regexp.MustCompile(`^\{"message" : "Bad request body", "connectionId": "[^"]{16}", "messageId": "[^"]{16}"\}$`)

// m17 has a route whose model wants a number n.
func m17(s *suite) verdict {
	c := s.connect(s.main)
	s.tell(c, "model", object{"n": "no number"})
	if v := gets(c, badBody); v.Outcome != holds {
		if s.came(c, "MESSAGE") {
			v.Saw += ", and the function was invoked"
		}
		return v
	}
	s.tell(c, "model", object{"n": 5})
	return when(s.event(c, "MESSAGE").route() == "model", "the frame, and a good message reached its route")
}
