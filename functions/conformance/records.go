package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// record is what the probe tells of an event: when it began and ended, and in replies.
type record struct {
	Probe  string // start, end, posted or reply.
	Event  event
	Size   int
	SHA256 string
	Status int // Of the post, for posted.

	via *client // That it came to.
}

// event is an event as the function got it.
type event struct {
	raw    json.RawMessage
	fields map[string]any
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *event) UnmarshalJSON(b []byte) error {
	e.raw = slices.Clone(b)
	return json.Unmarshal(b, &e.fields)
}

// at is a member, or nil.
func (e event) at(path ...string) (value any) {
	value = e.fields
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func (e event) text(path ...string) string { s, _ := e.at(path...).(string); return s }

func (e event) context(name string) any { return e.at("requestContext", name) }

func (e event) id() string { return e.text("requestContext", "connectionId") }

func (e event) route() string { return e.text("requestContext", "routeKey") }

// kind is CONNECT, MESSAGE, DISCONNECT or, for an authorizer's event, REQUEST.
func (e event) kind() string {
	if kind := e.text("type"); kind != "" {
		return kind
	}
	return e.text("requestContext", "eventType")
}

// header is a header's value, by its name in any case.
func (e event) header(name string) string {
	headers, _ := e.at("headers").(map[string]any)
	for key, value := range headers {
		if s, ok := value.(string); ok && strings.EqualFold(key, name) {
			return s
		}
	}
	return ""
}

// keys are the names of an object's members, sorted.
func (e event) keys(path ...string) []string {
	object, _ := e.at(path...).(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// key tells events apart.
func (e event) key() string { return e.kind() + e.text("requestContext", "requestId") }

// records are what the probe has told so far and nobody has asked for. It is safe for concurrent use.
type records struct {
	mu    sync.Mutex // Guards the following.
	list  []record
	taken map[string]bool // Events that were asked for: each may come twice, as a start and as a reply.
	came  chan struct{}   // Closed when another one comes.
	keep  func(event)     // Is shown every event.
}

func newRecords(keep func(event)) *records {
	return &records{taken: map[string]bool{}, came: make(chan struct{}), keep: keep}
}

// add takes a text of the probe's; it tells whether it is one.
func (r *records) add(text []byte, via *client) bool {
	var one record
	if err := json.Unmarshal(text, &one); err != nil || one.Probe == "" {
		return false
	}
	one.via = via
	r.mu.Lock()
	defer r.mu.Unlock()
	if one.Probe == "start" || one.Probe == "reply" {
		r.keep(one.Event)
		if r.taken[one.Event.key()] {
			return true
		}
	}
	r.list = append(r.list, one)
	close(r.came)
	r.came = make(chan struct{})
	return true
}

// take returns the first record that matches, which need not have come yet.
func (r *records) take(within time.Duration, match func(record) bool) (record, bool) {
	late := time.After(within)
	for {
		r.mu.Lock()
		i := slices.IndexFunc(r.list, match)
		if i >= 0 {
			one := r.list[i]
			r.drop(i)
			r.mu.Unlock()
			return one, true
		}
		came := r.came
		r.mu.Unlock()
		select {
		case <-came:
		case <-late:
			return record{}, false
		}
	}
}

// drop forgets a record, and what tells of the same again.
func (r *records) drop(i int) {
	one := r.list[i]
	r.list = slices.Delete(r.list, i, i+1)
	if one.Probe != "start" && one.Probe != "reply" {
		return
	}
	r.taken[one.Event.key()] = true
	r.list = slices.DeleteFunc(r.list, func(other record) bool {
		return (other.Probe == "start" || other.Probe == "reply") && other.Event.key() == one.Event.key()
	})
}

// of matches events of a kind.
func of(kind string, also func(record) bool) func(record) bool {
	return func(r record) bool {
		return (r.Probe == "start" || r.Probe == "reply") && r.Event.kind() == kind && also(r)
	}
}
