package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wsecho/domain"
)

// TestDeafClientDelaysNobody has somebody speak in a room twenty times a second, 30 KB each, while one of its members
// does not take what it is sent, and pushes to somebody else. The deaf one is left alone, but for a few posts that look
// whether it still is. With DEAF=long in the environment it takes two minutes for each kind of deafness, and holds the
// times of the pushes to a second; a busy machine makes any such time too long.
func TestDeafClientDelaysNobody(t *testing.T) {
	lasts, most := 5*time.Second, 30
	long := os.Getenv("DEAF") == "long"
	if long {
		lasts, most = 2*time.Minute, 100
	}
	for name, deafen := range map[string]func(*testing.T, *server, *watch, *client){
		"one that stops reading": stopReading, "one whose posts hang": hangPosts,
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, "-q")
			w := watchPosts(s)
			room := newRoom()
			deaf, ada, bob := dial(t, s.url+"?user=deaf"), dial(t, s.url), dial(t, s.url+"?user=bob")
			deaf.ask("ack", `{"action":"join","room":%q}`, room)
			ada.ask("ack", `{"action":"join","room":%q}`, room)
			deafen(t, s, w, deaf)
			over := time.Now().Add(lasts)
			said := ada.speaks(room, over)
			pushed := bob.isPushedTo(s.url, over)
			if acks := <-said; true {
				t.Logf("%d lines acknowledged within %v (p50), %v (p99)", len(acks), share(acks, 0.5), share(acks, 0.99))
			}
			lags := <-pushed
			t.Logf("%d pushes to somebody else arrived within %v (p50), %v (p99)", len(lags), share(lags, 0.5), share(lags, 0.99))
			if late := share(lags, 0.99); long && late > time.Second {
				t.Errorf("a push to somebody else took %v (p99)", late)
			}
			t.Logf("%d posts to the deaf client", w.posts.Load())
			if n := int(w.posts.Load()); n > most || len(lags) == 0 {
				t.Errorf("%d posts to the deaf client, want %d at most", n, most)
			}
			deaf.Conn.Close()
		})
	}
}

// stopReading fills what lies between the gateway and a client that reads nothing.
func stopReading(t *testing.T, s *server, w *watch, deaf *client) {
	if err := deaf.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	id := deafID(t, s)
	for size := 100 << 10; size > 10; size /= 10 { // Until there is no room for a short line either.
		filler := []byte(`"` + strings.Repeat("x", size) + `"`)
		wait(t, func() bool { return s.parts.Sender.Send(t.Context(), id, filler) != nil })
	}
	w.deaf.Store(&deafness{id, w.others})
}

// hangPosts leaves posts to a client without an answer.
func hangPosts(t *testing.T, s *server, w *watch, _ *client) {
	w.deaf.Store(&deafness{deafID(t, s), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
}

// watch stands before the gateway, for what the program posts to it, and counts the posts to one client.
type watch struct {
	others http.Handler
	posts  atomic.Int64
	deaf   atomic.Pointer[deafness]
}

// deafness is who does not take what it is sent, and what posts to it meet with.
type deafness struct {
	id string
	to http.Handler
}

// watchPosts has to be called before anybody connects.
func watchPosts(s *server) *watch {
	w := &watch{others: s.self.handler}
	s.self.handler = w
	return w
}

// ServeHTTP implements http.Handler.
func (w *watch) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	if d := w.deaf.Load(); d != nil && strings.Contains(r.URL.Path, d.id) {
		w.posts.Add(1)
		d.to.ServeHTTP(answer, r)
		return
	}
	w.others.ServeHTTP(answer, r)
}

func deafID(t *testing.T, s *server) string {
	page, err := s.parts.Registry.Members(t.Context(), "user:deaf", domain.Ring, 1)
	if err != nil || len(page.Members) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	return page.Members[0].ID
}

// speaks says a line every 50 ms and returns how long each took to be acknowledged.
func (c *client) speaks(room string, until time.Time) <-chan []time.Duration {
	var sent []time.Time
	var took []time.Duration
	result := make(chan []time.Duration, 1)
	for at := time.Now(); at.Before(until); at = at.Add(50 * time.Millisecond) {
		sent = append(sent, at)
	}
	go func() {
		line := strings.Repeat("x", 30<<10)
		for i, at := range sent {
			time.Sleep(time.Until(at))
			c.Send(fmt.Sprintf(`{"action":"say","id":"%d","room":%q,"data":%q}`, i, room, line))
		}
	}()
	go func() {
		for range sent {
			var i int
			fmt.Sscan(c.receive("ack")["id"].(string), &i)
			took = append(took, time.Since(sent[i]))
		}
		result <- took
	}()
	return result
}

// isPushedTo pushes to the client's user, bob, every 100 ms, and returns how long each push took to arrive.
func (c *client) isPushedTo(url string, until time.Time) <-chan []time.Duration {
	base := strings.TrimSuffix(strings.Replace(url, "ws", "http", 1), "/dev")
	var sent []time.Time
	for at := time.Now(); at.Before(until); at = at.Add(100 * time.Millisecond) {
		sent = append(sent, at)
	}
	go func() {
		for i, at := range sent {
			time.Sleep(time.Until(at))
			postPush(c.T, base, fmt.Sprintf(`{"v":1,"audience":"user:bob","message":%d}`, i))
		}
	}()
	result := make(chan []time.Duration, 1)
	go func() {
		var took []time.Duration
		for range sent {
			text, err := c.Read(2 * time.Minute)
			var push struct{ Data int }
			if err == nil {
				err = json.Unmarshal([]byte(text), &push)
			}
			if err != nil {
				c.T.Errorf("receiving a push: %v", err)
				break
			}
			took = append(took, time.Since(sent[push.Data]))
		}
		result <- took
	}()
	return result
}

// share returns the time within which a part of all was done.
func share(took []time.Duration, part float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[int(part*float64(len(took)-1))].Round(time.Millisecond)
}
