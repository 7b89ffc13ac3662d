package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// handlerTime is added to waiting where a handler is told to sleep.
const handlerTime = 8 * time.Second

// suite is one run against one server.
type suite struct {
	*options
	roots   *x509.CertPool // That vouch for the server; nil for the system's.
	http    *http.Client
	records *records
	golden  *golden
	collect string // Address of the collector.

	unrecorded bool // Whether an event that had to be recorded was not.
	nonces     atomic.Int64
	opened     []*client // Of the statement that runs.
}

// object is a JSON object to be written.
type object = map[string]any

func newSuite(o *options) *suite {
	s := &suite{options: o, http: &http.Client{Timeout: o.wait, Transport: http.DefaultTransport.(*http.Transport).Clone()}}
	s.golden = newGolden()
	s.records = newRecords(s.golden.keep)
	return s
}

// begin opens the collector: the connection to which the probe posts what it gets.
func (s *suite) begin() (*client, error) {
	c, err := s.handshake(s.main.url)
	if err != nil {
		return nil, err
	}
	if c.status != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("%s answered the upgrade with %d %s", s.main.url, c.status, c.body)
	}
	c.send(`{"action":"reply"}`)
	hello, ok := s.records.take(s.wait+handlerTime, of("MESSAGE", func(r record) bool { return r.via == c }))
	if !ok {
		c.conn.Close()
		return nil, fmt.Errorf("the probe does not answer at %s (but %s comes): is it deployed there, with the route reply?", s.main.url, c.silence())
	}
	s.collect = strings.Join([]string{
		hello.Event.text("requestContext", "apiId"), hello.Event.text("requestContext", "stage"), hello.Event.id(),
	}, "/")
	return c, nil
}

// watch keeps the collector open through ten minutes of silence, until the function that it returns is called.
func watch(c *client) (stop func()) {
	ticker, done := time.NewTicker(5*time.Minute), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				c.send(`{"action":"silent"}`)
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); c.conn.Close() }
}

// need ends a check whose API isn't served.
func need(a api) {
	if a.url == "" {
		cannot("no -%s was given", a.flag)
	}
}

// try asks for a connection and tells the probe what to do; the query may be empty. The API has to be there.
func (s *suite) try(a api, query string, told object, header ...string) *client {
	need(a)
	nonce := fmt.Sprint("n", s.nonces.Add(1))
	told = with(told, object{"collect": s.collect, "nonce": nonce})
	header = append(header, "X-Probe: "+encode(told))
	if a.flag == s.guarded.flag && !strings.Contains(strings.ToLower(strings.Join(header, "\n")), "auth:") {
		header = append(header, "Auth: yes")
	}
	c, err := s.handshake(a.url+query, header...)
	if err != nil {
		cannot("%v", err)
	}
	c.nonce = nonce
	s.opened = append(s.opened, c)
	return c
}

// open opens a connection that has to open, and finds its id in what the probe got.
func (s *suite) open(a api, query string, told object, header ...string) (*client, event) {
	c := s.try(a, query, told, header...)
	if c.status != http.StatusSwitchingProtocols {
		otherwise("the upgrade was answered %d %s", c.status, c.body)
	}
	e := s.event(c, "CONNECT")
	return c, e
}

// connect is open for who doesn't care what came of it.
func (s *suite) connect(a api) *client {
	c, _ := s.open(a, s.token(a), nil)
	return c
}

func (s *suite) token(a api) string {
	if a.flag == s.guarded.flag {
		return "?token=1"
	}
	return ""
}

// concerns tells whether a record is of a client's connection.
func (c *client) concerns(r record) bool {
	if r.via == c || c.id != "" && r.Event.id() == c.id {
		return true
	}
	var told struct{ Nonce string }
	return json.Unmarshal([]byte(r.Event.header("X-Probe")), &told) == nil && told.Nonce == c.nonce && c.nonce != ""
}

// event is the next event of a kind of a client's connection, which has to come.
func (s *suite) event(c *client, kind string) event { return s.eventRecord(c, kind).Event }

func (s *suite) eventRecord(c *client, kind string) record {
	r, ok := s.records.take(s.wait, of(kind, c.concerns))
	if !ok {
		s.unrecorded = true
		cannot("the probe recorded no %s event; the client got %s", kind, c.silence())
	}
	if c.id == "" {
		c.id = r.Event.id()
	}
	return r
}

// came tells whether an event of a kind comes that should not.
func (s *suite) came(c *client, kind string) bool {
	_, came := s.records.take(s.quiet, of(kind, c.concerns))
	return came
}

// note is a record of another sort than events: end, posted.
func (s *suite) note(c *client, probe string) (record, bool) {
	return s.records.take(s.wait+handlerTime, func(r record) bool { return r.Probe == probe && c.concerns(r) })
}

// tell sends a message for a route with instructions for the probe.
func (s *suite) tell(c *client, route string, told object) {
	c.send(encode(with(told, object{"action": route, "collect": s.collect})))
}

// clean ends the connections of a statement.
func (s *suite) clean() {
	for _, c := range s.opened {
		if c.status == http.StatusSwitchingProtocols {
			c.frame(ws.OpClose, true, nil)
		}
		c.conn.Close()
	}
	s.opened = nil
}

// with joins objects, of which the later ones count.
func with(all ...object) object {
	joined := object{}
	for _, o := range all {
		for name, value := range o {
			joined[name] = value
		}
	}
	return joined
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(errors.Join(errors.New("only what can be encoded is"), err))
	}
	return string(b)
}
