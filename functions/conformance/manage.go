package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
)

// unknownID is well-formed, and nobody's.
const unknownID = "L0SM9cOFvHcCIhw="

// answered says whether an error of the management API is as SDKs expect it.
func answered(a answer, status int, kind string) verdict {
	return when(a.status == status && a.kind == kind, "%d %s %.200q", a.status, a.kind, a.body)
}

// receives says whether a text reaches the client.
func receives(c *client, text string) verdict {
	saw := c.next()
	return when(saw.kind == "text" && saw.text == text, "%s", saw)
}

func p01(s *suite) verdict {
	c := s.connect(s.main)
	a := s.call("POST", s.main.at(c.id), []byte("hi"))
	if a.status != 200 || a.body != "" || a.header.Get("x-amzn-requestid") == "" {
		return when(false, "%d %.200q, x-amzn-requestid %q", a.status, a.body, a.header.Get("x-amzn-requestid"))
	}
	return receives(c, "hi")
}

func p02(s *suite) verdict {
	c := s.connect(s.main)
	escaped := url.QueryEscape(c.id)
	v := each([]string{"/@connections/" + c.id, "/@connections/" + escaped, "/%40connections/" + c.id, "/%40connections/" + escaped}, func(path string) verdict {
		if a := s.call("POST", s.main.callback+path, []byte(path)); a.status != 200 {
			return when(false, "%s: %d %.200q", path, a.status, a.body)
		}
		return receives(c, path)
	})
	if v.Outcome != holds {
		return v
	}
	if err := s.post(c.id, "sdk"); err != nil {
		return when(false, "the Go SDK: %v", err)
	}
	return receives(c, "sdk")
}

// post posts with the Go SDK.
func (s *suite) post(id, text string) error {
	_, err := s.sdk().PostToConnection(context.Background(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: []byte(text)})
	return err
}

// gone says whether an id is gone for every call, and for the Go SDK.
func (s *suite) gone(id string) verdict {
	v := each([]string{"POST", "GET", "DELETE"}, func(method string) verdict {
		a := s.call(method, s.main.at(id), nil)
		return when(a.status == 410 && a.kind == "GoneException" && a.body == "", "%s: %d %s %.200q", method, a.status, a.kind, a.body)
	})
	if v.Outcome != holds {
		return v
	}
	_, ok := errors.AsType[*types.GoneException](s.post(id, "x"))
	return when(ok, "%s; a GoneException for the Go SDK: %v", v.Saw, ok)
}

func p03(s *suite) verdict {
	c := s.connect(s.main)
	c.leave(1000, "")
	s.event(c, "DISCONNECT")
	return s.gone(c.id)
}

func p04(s *suite) verdict { return s.gone(unknownID) }

func p05(s *suite) verdict {
	c := s.connect(s.main)
	return each([]string{"abc", c.id + "test"}, func(id string) verdict {
		a := s.call("POST", s.main.callback+"/@connections/"+id, []byte("x"))
		v := answered(a, 400, "BadRequestException")
		if v.Outcome == holds && !strings.Contains(a.body, "Invalid connectionId: "+id) {
			v.Outcome = differs
		}
		return v
	})
}

func p06(s *suite) verdict {
	c := s.connect(s.main)
	if v := answered(s.call("POST", s.main.at(c.id), []byte(strings.Repeat("x", 128<<10+1))), 413, "PayloadTooLargeException"); v.Outcome != holds {
		return v
	}
	ok, saw := c.alive()
	return when(ok, "413, and after a ping %s", saw)
}

func p07(s *suite) verdict {
	c := s.connect(s.main)
	text := strings.Repeat("x", 100<<10)
	if a := s.call("POST", s.main.at(c.id), []byte(text)); a.status != 200 {
		return when(false, "%d %.200q", a.status, a.body)
	}
	saw := c.next()
	return when(saw.text == text, "%d bytes in frames of %v", len(saw.text), saw.sizes)
}

func p08(s *suite) verdict {
	c, _ := s.open(s.main, "", nil)
	a := s.call("GET", s.main.at(c.id), nil)
	var got struct {
		Identity                  map[string]any
		ConnectedAt, LastActiveAt string
	}
	err := json.Unmarshal([]byte(a.body), &got)
	agent, there := got.Identity["userAgent"]
	_, bad := time.Parse("2006-01-02T15:04:05.000Z", got.ConnectedAt)
	if a.status != 200 || err != nil || got.Identity["sourceIp"] == nil || agent != nil || !there || bad != nil {
		return when(false, "%d %.300q", a.status, a.body)
	}
	decoded, err := s.sdk().GetConnection(context.Background(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: &c.id})
	ok := err == nil && decoded.ConnectedAt != nil && decoded.LastActiveAt != nil
	return when(ok, "connectedAt %s, userAgent null; the Go SDK: %v", got.ConnectedAt, err)
}

func p09(s *suite) verdict {
	c := s.connect(s.main)
	if a := s.call("DELETE", s.main.at(c.id), nil); a.status != 204 || a.body != "" {
		return when(false, "%d %.200q", a.status, a.body)
	}
	saw := c.next()
	e := s.event(c, "DISCONNECT")
	code, reason := e.context("disconnectStatusCode"), e.context("disconnectReason")
	if saw.kind != "close" || code != 1000.0 || reason != "Connection Closed Normally" {
		return when(false, "204, the client gets %s, DISCONNECT has %s %s", saw, encode(code), encode(reason))
	}
	return s.gone(c.id)
}

func p10(s *suite) verdict {
	c, _ := s.open(s.main, "", object{"post": "self"})
	r, ok := s.note(c, "posted")
	if !ok {
		cannot("the probe did not tell the status")
	}
	return when(r.Status == 410, "%d", r.Status)
}

func p11(s *suite) verdict {
	u, err := url.Parse(s.main.callback)
	if err != nil || strings.Trim(u.Path, "/") == "" {
		return untold("the URL has no stage")
	}
	c := s.connect(s.main)
	root := s.main.callback[:strings.LastIndex(s.main.callback, "/")]
	return answered(s.call("POST", root+"/@connections/"+url.QueryEscape(c.id), []byte("x")), 403, "ForbiddenException")
}
