package client_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/client"
	"wsecho/adapters/client/clienttest"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// TestScenarios plays the table that the JavaScript client is held to as well, in virtual time.
func TestScenarios(t *testing.T) {
	for _, scenario := range clienttest.Load(t) {
		t.Run(scenario.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { playScenario(t, scenario) })
		})
	}
}

// pipes is a network in memory: what is dialed is accepted.
type pipes struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), end: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.end:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.end) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.end:
		return nil, net.ErrClosed
	}
}

// serve serves HTTP in memory until the test ends.
func serve(t *testing.T, handler http.Handler) *pipes {
	p, server := newPipes(), &http.Server{Handler: handler}
	go server.Serve(p)
	t.Cleanup(func() { server.Close() })
	return p
}

// watcher is a client's user.
type watcher struct {
	t      *testing.T
	client *client.Client
	rooms  map[string]*client.Room
	seen   chan clienttest.Seen
	all    []clienttest.Seen
}

func playScenario(t *testing.T, s clienttest.Scenario) {
	service := clienttest.New(s)
	network := serve(t, service)
	defer service.Close()
	c, err := client.Dial(t.Context(), "ws://service/dev", client.Options{User: s.User, NetDial: network.dial})
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t, client: c, rooms: map[string]*client.Room{}, seen: make(chan clienttest.Seen, 1000)}
	for _, deed := range s.Client {
		w.do(deed, service)
	}
	if _, err := c.Echo(t.Context(), nil); err != nil {
		t.Error(err)
	}
	time.Sleep(2 * time.Minute) // Virtual: in which nothing more must come.
	c.Close()
	w.wantSeen(s.Sees)
	if v := service.Verdict(); v.Waits != nil || len(v.Wrong) > 0 {
		t.Errorf("the service waits for %v, and found wrong: %q", v.Waits, v.Wrong)
	}
}

func (w *watcher) do(deed clienttest.Deed, service *clienttest.Service) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Minute)
	defer cancel()
	var err error
	switch deed.Do {
	case "join":
		var room *client.Room
		if room, err = w.client.Join(ctx, deed.Room); err == nil {
			w.rooms[deed.Room] = room
			go w.watch(room)
		}
	case "say":
		var place client.Place
		if place, err = w.rooms[deed.Room].Say(ctx, deed.Data); place.Seq != deed.Seq {
			w.t.Errorf("%v was said at %d, want %d", deed.Data, place.Seq, deed.Seq)
		}
	case "await":
		for len(w.all) < deed.Count && ctx.Err() == nil {
			select {
			case seen := <-w.seen:
				w.all = append(w.all, seen)
			case <-ctx.Done():
			}
		}
		for service.Verdict().Done < deed.Steps && ctx.Err() == nil {
			time.Sleep(time.Second)
		}
	}
	if got := client.CodeOf(err); got != deed.Fails || err != nil && got == "" {
		w.t.Errorf("%s ended with %v, want code %q", deed.Do, err, deed.Fails)
	}
}

func (w *watcher) watch(room *client.Room) {
	for m, err := range room.Messages(w.t.Context()) {
		if err != nil {
			return
		}
		seen := clienttest.Seen{Epoch: m.Epoch, Seq: m.Seq, Own: m.Own, Cut: m.Cut}
		_ = json.Unmarshal(m.Data, &seen.Data)
		w.seen <- seen
	}
}

func (w *watcher) wantSeen(want []clienttest.Seen) {
	w.t.Helper()
	for len(w.seen) > 0 {
		w.all = append(w.all, <-w.seen)
	}
	got := slices.Clone(w.all)
	for i := range got {
		if i < len(want) && want[i].Epoch == "" {
			got[i].Epoch = ""
		}
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		w.t.Errorf("saw  %+v\nwant %+v", got, want)
	}
}
