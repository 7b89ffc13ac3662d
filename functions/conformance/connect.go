package main

import (
	"net/http"
	"strings"
	"time"
)

// answering is what the probe is told to return.
func answering(v any) object { return object{"return": v} }

// opens says whether a connection has opened and is silent.
func opens(c *client) verdict {
	if c.status != http.StatusSwitchingProtocols {
		return when(false, "%d %s", c.status, c.body)
	}
	ok, saw := c.alive()
	return when(ok, "101, and after a ping %s", saw)
}

func refusedWith(c *client, status int) verdict {
	return when(c.status == status, "%d %s", c.status, c.body)
}

func c01(s *suite) verdict {
	return each([]int{200, 201, 299}, func(status int) verdict {
		return opens(s.try(s.main, "", answering(object{"statusCode": status, "body": "welcome"})))
	})
}

func c02(s *suite) verdict {
	return each([]int{301, 401, 403, 500}, func(status int) verdict {
		return refusedWith(s.try(s.main, "", answering(object{"statusCode": status})), status)
	})
}

func c03(s *suite) verdict { return refusedWith(s.try(s.main, "", object{"throw": "boom"}), 502) }

func c04(s *suite) verdict {
	return each([]any{nil, "ok", object{}, object{"body": "x"}}, func(answer any) verdict {
		v := refusedWith(s.try(s.main, "", answering(answer)), 502)
		v.Saw = encode(answer) + ": " + v.Saw
		return v
	})
}

func c05(s *suite) verdict {
	return opens(s.try(s.main, "", answering(object{"statusCode": 200, "headers": nil, "multiValueHeaders": nil, "body": ""})))
}

func c06(s *suite) verdict {
	start := time.Now()
	c := s.try(s.main, "", object{"sleep": 3000})
	took := time.Since(start).Round(100 * time.Millisecond)
	return when(c.status == http.StatusSwitchingProtocols && took >= 3*time.Second, "%d after %v", c.status, took)
}

func c07(s *suite) verdict { return opens(s.try(s.bare, "", nil)) }

func c08(s *suite) verdict {
	c := s.try(s.main, "", answering(object{"statusCode": 403}))
	if c.status != 403 {
		return refusedWith(c, 403)
	}
	s.event(c, "CONNECT")
	a := s.call("POST", s.main.at(c.id), []byte("x"))
	return when(a.status == 410 && !s.came(c, "DISCONNECT"), "403, then a post is answered %d", a.status)
}

func c09(s *suite) verdict {
	api := s.main
	api.url += "x"
	if strings.Count(api.url, "/") < 3 {
		api.url = s.main.url + "/nowhere"
	}
	return refusedWith(s.try(api, "", nil), 403)
}

func c10(s *suite) verdict {
	c := s.try(s.main, "", nil, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
	got := c.header.Get("Sec-WebSocket-Extensions")
	return when(strings.HasPrefix(got, "permessage-deflate"), "%d, extensions %q", c.status, got)
}

// offer connects with two subprotocols on offer and returns what the 101 says of them.
func (s *suite) offer(headers object) verdict {
	c := s.try(s.main, "", answering(object{"statusCode": 200, "headers": headers}), "Sec-WebSocket-Protocol: a, b")
	want, _ := headers["Sec-WebSocket-Protocol"].(string)
	got, there := c.header["Sec-Websocket-Protocol"]
	return when(c.status == 101 && there == (want != "") && strings.Join(got, ",") == want, "%d, subprotocol %q", c.status, got)
}

func c11(s *suite) verdict { return s.offer(object{"Sec-WebSocket-Protocol": "b"}) }

func c12(s *suite) verdict { return s.offer(object{}) }

func c13(s *suite) verdict {
	headers := object{"X-Foo": "1", "Set-Cookie": "a=b"}
	c := s.try(s.main, "", answering(object{"statusCode": 200, "headers": headers, "body": "hello"}))
	if c.header.Get("X-Foo")+c.header.Get("Set-Cookie") != "" {
		return when(false, "the answer has the headers %v", c.header)
	}
	return opens(c)
}
