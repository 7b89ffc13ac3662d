package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// padded is a message for the route silent with the size. It names the collector, as it may reach an instance of the
// function that has not heard of it.
func (s *suite) padded(size int) string {
	head, tail := `{"action":"silent","collect":"`+s.collect+`","pad":"`, `"}`
	return head + strings.Repeat("<", size-len(head)-len(tail)) + tail
}

// arrives says whether a message comes whole, in one event.
func (s *suite) arrives(c *client, text string) verdict {
	r := s.eventRecord(c, "MESSAGE")
	sum := sha256.Sum256([]byte(text))
	return when(r.SHA256 == hex.EncodeToString(sum[:]), "%d bytes of %d came", r.Size, len(text))
}

// closes says whether the client is closed with a code, and nobody invoked.
func (s *suite) closes(c *client, code int) verdict {
	saw := c.next()
	if s.came(c, "MESSAGE") {
		return when(false, "%s, and the function was invoked", saw)
	}
	return when(saw.isClose(code), "%s", saw)
}

func m09(s *suite) verdict {
	c := s.connect(s.main)
	c.send(s.padded(32768))
	if v := s.arrives(c, s.padded(32768)); v.Outcome != holds {
		return v
	}
	c.send(s.padded(32769))
	return s.closes(c, 1009)
}

func m10(s *suite) verdict {
	return each([]int{100 << 10, 128 << 10}, func(size int) verdict {
		c := s.connect(s.main)
		c.fragments(s.padded(size), 32768)
		return s.arrives(c, s.padded(size))
	})
}

func m11(s *suite) verdict {
	c := s.connect(s.main)
	c.fragments(s.padded(128<<10+1), 20000)
	return s.closes(c, 1009)
}

func m12(s *suite) verdict {
	return each([]int{1, 1000}, func(size int) verdict {
		c := s.connect(s.main)
		c.frame(ws.OpBinary, true, make([]byte, size))
		return s.closes(c, 1003)
	})
}

// idle and lifetime are AWS's, with what a test allows.
const (
	idle     = 10 * time.Minute
	lifetime = 2 * time.Hour
	slack    = time.Minute
)

// needLong ends a check that takes longer than people wait.
func (s *suite) needLong() {
	if !s.long {
		cannot("it takes ten minutes or two hours: ask with -long")
	}
}

// closedAfter waits for the close frame of a connection that has had its time.
func closedAfter(c *client, start time.Time, want time.Duration) verdict {
	saw := c.within(want + slack - time.Since(start))
	took := time.Since(start).Round(time.Second)
	return when(saw.isClose(1001) && took > want-slack && (want != idle || saw.reason == "Going away"), "%s after %v", saw, took)
}

func m14(s *suite) verdict {
	s.needLong()
	c, start := s.connect(s.main), time.Now()
	v := closedAfter(c, start, idle)
	e := s.event(c, "DISCONNECT")
	code, reason := e.context("disconnectStatusCode"), e.context("disconnectReason")
	if v.Outcome == holds && (code != 1001.0 || reason != "Going away") {
		return when(false, "DISCONNECT has %s %s", encode(code), encode(reason))
	}
	return v
}

// lives says whether a connection that something is done with every few minutes lives for two hours.
func (s *suite) lives(every time.Duration, do func(*client)) verdict {
	s.needLong()
	c, start := s.connect(s.main), time.Now()
	for time.Since(start)+every < lifetime {
		if saw := c.within(every); saw.kind != "nothing" && saw.kind != "text" {
			return when(false, "%s after %v", saw, time.Since(start).Round(time.Second))
		}
		do(c)
	}
	for {
		if v := closedAfter(c, start, lifetime); !strings.HasPrefix(v.Saw, "the message") {
			return v
		}
	}
}

func m15(s *suite) verdict {
	return s.lives(9*time.Minute+30*time.Second, func(c *client) { s.call("POST", s.main.at(c.id), []byte("x")) })
}

func m16(s *suite) verdict {
	return s.lives(time.Minute, func(c *client) { c.send(`{"action":"silent"}`) })
}
