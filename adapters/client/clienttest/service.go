package clienttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// Service plays one scenario. It is an http.Handler that takes WebSockets, and answers everything else with its Verdict.
type Service struct {
	scenario Scenario

	mu          sync.Mutex // Guards what follows.
	done        int        // Steps that are over.
	bound       map[string]any
	heads       map[string]Head
	connections []net.Conn
	wrong       []string
}

// Verdict tells how the service found the client.
type Verdict struct {
	// Done are the steps that are over.
	Done int `json:"done"`
	// Waits is the request that did not come yet; nil if all came.
	Waits map[string]any `json:"waits"`
	// Wrong are requests that should not have come.
	Wrong []string `json:"wrong"`
}

// New returns a service that plays a scenario.
func New(s Scenario) *Service {
	return &Service{scenario: s, bound: map[string]any{}, heads: map[string]Head{}, wrong: []string{}}
}

// Verdict returns what the service found so far.
func (s *Service) Verdict() Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := Verdict{Done: s.done, Wrong: slices.Clone(s.wrong)}
	if s.done < len(s.scenario.Service) {
		v.Waits = s.scenario.Service[s.done].Want
	}
	return v
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		_ = json.NewEncoder(w).Encode(s.Verdict())
		return
	}
	upgrader := ws.HTTPUpgrader{Protocol: func(name string) bool { return name == "wsecho.v1" }}
	conn, _, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	s.serve(&peer{service: s, conn: conn, user: r.URL.Query().Get("user")})
}

// Close ends all connections.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.connections {
		conn.Close()
	}
}

// peer is one connection.
type peer struct {
	service *Service
	conn    net.Conn
	number  int
	user    string
}

func (s *Service) serve(p *peer) {
	s.mu.Lock()
	s.connections = append(s.connections, p.conn)
	p.number = len(s.connections)
	s.mu.Unlock()
	for {
		text, err := wsutil.ReadClientText(p.conn)
		if err != nil {
			return
		}
		var request map[string]any
		if err := json.Unmarshal(text, &request); err != nil {
			s.complain("%s is not JSON", text)
			return
		}
		if err := s.handle(p, request); err != nil {
			return
		}
	}
}

func (s *Service) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// handle does what the scenario says for a request, or what every service does.
func (s *Service) handle(p *peer, request map[string]any) error {
	step, wrong := s.take(p, request)
	if step != nil {
		return s.play(p, *step, request)
	}
	reply := s.usual(p, request)
	if reply == nil {
		s.complain("on connection %d came %v, which %s", p.number, request, wrong)
		return nil
	}
	return p.send(reply, request["id"])
}

// take returns the step that waits for a request, which is over then, or why there is none.
func (s *Service) take(p *peer, request map[string]any) (*Step, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == len(s.scenario.Service) {
		return nil, "nothing waits for any more"
	}
	step := s.scenario.Service[s.done]
	if step.On > 0 && step.On != p.number {
		return nil, fmt.Sprintf("should come on connection %d", step.On)
	}
	for _, field := range step.Lacks {
		if _, has := request[field]; has {
			return nil, "should not have " + field
		}
	}
	bound := maps.Clone(s.bound)
	for field, want := range step.Want {
		if name, ok := want.(string); ok && strings.HasPrefix(name, "$") && request[field] != nil {
			if bound[name] == nil {
				bound[name] = request[field]
			}
			want = bound[name]
		}
		if !reflect.DeepEqual(request[field], want) {
			return nil, fmt.Sprintf("should have %s %v", field, want)
		}
	}
	s.bound = bound
	s.done++
	return &step, ""
}

// play does what a step says.
func (s *Service) play(p *peer, step Step, request map[string]any) error {
	s.learn(step, request)
	for _, push := range step.First {
		if err := p.send(push, nil); err != nil {
			return err
		}
	}
	if step.Reply != nil {
		if err := p.send(step.Reply, request["id"]); err != nil {
			return err
		}
	}
	for _, push := range step.Push {
		if err := p.send(push, nil); err != nil {
			return err
		}
	}
	switch step.Then {
	case "drop":
		return errors.New("dropped")
	case "close":
		_ = wsutil.WriteServerMessage(p.conn, ws.OpClose, ws.NewCloseFrameBody(ws.StatusGoingAway, ""))
		return errors.New("closed")
	}
	return nil
}

// usual is the answer of every service; nil if there is none.
func (s *Service) usual(p *peer, request map[string]any) map[string]any {
	now := time.Now().UTC()
	id := fmt.Sprint("c", p.number)
	switch request["action"] {
	case "hello":
		user := p.user
		if user == "" {
			user = "anon-" + id
		}
		return map[string]any{"type": "welcome", "connectionId": id, "user": user, "connectedAt": now, "expiresAt": now.Add(2 * time.Hour)}
	case "echo":
		return map[string]any{"type": "echo", "data": request["data"], "connection": map[string]any{"connectionId": id}}
	case "ping":
		return map[string]any{"type": "pong", "rooms": s.headsOf(request["rooms"])}
	}
	return nil
}

func (s *Service) headsOf(rooms any) map[string]Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Head{}
	names, _ := rooms.([]any)
	for _, name := range names {
		all[name.(string)] = s.heads[name.(string)]
	}
	return all
}

// send sends a frame, with the id of a request if it is the answer to one.
func (p *peer) send(frame map[string]any, id any) error {
	frame = completed(frame)
	if id != nil {
		frame["id"] = id
	}
	text, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	return wsutil.WriteServerText(p.conn, text)
}

// completed is a frame whose messages, and which itself if it is the place of one, have what every message has.
func completed(frame map[string]any) map[string]any {
	frame = maps.Clone(frame)
	if _, seq := frame["seq"]; seq && frame["type"] == "ack" && frame["room"] == nil {
		complete(frame, frame["epoch"])
	}
	if details, ok := frame["details"].(map[string]any); ok {
		frame["details"] = completed(details)
	}
	entries, ok := frame["messages"].([]any)
	if !ok {
		return frame
	}
	all := []any{}
	for _, e := range entries {
		entry := maps.Clone(e.(map[string]any))
		if entry["void"] == nil {
			complete(entry, frame["epoch"])
			if entry["from"] == nil {
				entry["from"] = map[string]any{"user": "bob", "connection": "bobs"}
			}
		}
		all = append(all, entry)
	}
	frame["messages"] = all
	return frame
}

func complete(message map[string]any, epoch any) {
	message["messageId"], message["at"] = fmt.Sprint(epoch, "/", message["seq"]), "2026-01-01T12:00:00.000Z"
}

// learn notes the heads of rooms that a step is about.
func (s *Service) learn(step Step, request map[string]any) {
	for _, frame := range append(append(step.First, step.Reply), step.Push...) {
		room, _ := frame["room"].(string)
		if frame["type"] == "ack" {
			room, _ = request["room"].(string)
		}
		s.note(room, frame)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.heads, step.Heads)
}

// note learns the head of a room from what is sent.
func (s *Service) note(room string, frame map[string]any) {
	epoch, _ := frame["epoch"].(string)
	seq, _ := frame["seq"].(float64)
	if entries, _ := frame["messages"].([]any); len(entries) > 0 {
		last, _ := entries[len(entries)-1].(map[string]any)["seq"].(float64)
		seq = max(seq, last)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if head := s.heads[room]; room != "" && (head.Epoch != epoch || head.Seq < int64(seq)) {
		s.heads[room] = Head{epoch, int64(seq)}
	}
}
