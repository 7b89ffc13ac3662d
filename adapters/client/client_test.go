package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"wsecho/adapters/client"
)

// fake is a service with one room, of which a test says how it answers.
type fake struct {
	answer func(peer *fakePeer, request map[string]any) (reply map[string]any)
	status func(dial int) int // Of the handshake; 0 opens.
	life   time.Duration

	mu       sync.Mutex // Guards what follows.
	dials    []http.Header
	requests []request
	peers    []*fakePeer
}

type request struct {
	at     time.Time
	peer   *fakePeer
	fields map[string]any
}

type fakePeer struct {
	net.Conn
	id string
}

func (p *fakePeer) push(frame any) {
	text, _ := json.Marshal(frame)
	_ = wsutil.WriteServerText(p, text)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.dials = append(f.dials, r.Header)
	number := len(f.dials)
	f.mu.Unlock()
	if f.status != nil && f.status(number) != 0 {
		w.WriteHeader(f.status(number))
		return
	}
	upgrader := ws.HTTPUpgrader{Protocol: func(string) bool { return true }}
	conn, _, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	p := &fakePeer{conn, fmt.Sprint("c", number)}
	f.mu.Lock()
	f.peers = append(f.peers, p)
	f.mu.Unlock()
	f.serve(p)
}

func (f *fake) serve(p *fakePeer) {
	for {
		text, err := wsutil.ReadClientText(p)
		if err != nil {
			return
		}
		var fields map[string]any
		_ = json.Unmarshal(text, &fields)
		f.mu.Lock()
		f.requests = append(f.requests, request{time.Now(), p, fields})
		f.mu.Unlock()
		if reply := f.reply(p, fields); reply != nil {
			reply["id"] = fields["id"]
			p.push(reply)
		}
	}
}

func (f *fake) reply(p *fakePeer, fields map[string]any) map[string]any {
	if f.answer != nil {
		if reply := f.answer(p, fields); reply != nil {
			return reply
		}
	}
	switch fields["action"] {
	case "hello":
		life := f.life
		if life == 0 {
			life = 2 * time.Hour
		}
		return map[string]any{"type": "welcome", "connectionId": p.id, "user": "ada", "connectedAt": time.Now(), "expiresAt": time.Now().Add(life)}
	case "ping":
		return map[string]any{"type": "pong", "rooms": map[string]any{}}
	case "join":
		return map[string]any{"type": "ack", "room": "r", "epoch": "e1", "seq": 0, "recovered": fields["epoch"] != nil, "messages": []any{}, "more": false}
	case "echo":
		return map[string]any{"type": "echo", "data": fields["data"]}
	case "say":
		return map[string]any{"type": "ack", "epoch": "e1", "seq": 1, "messageId": "m1"}
	}
	return map[string]any{"type": "error", "code": "unknown_action", "message": "no"}
}

// came are the times at which an action came, and on which connections.
func (f *fake) came(action string) (times []time.Time, peers []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if r.fields["action"] == action {
			times, peers = append(times, r.at), append(peers, r.peer.id)
		}
	}
	return times, peers
}

func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.peers {
		p.Close()
	}
}

// connect connects a client to a fake service; both end with the test.
func connect(t *testing.T, f *fake, o client.Options) *client.Client {
	t.Helper()
	o.NetDial = serve(t, f).dial
	c, err := client.Dial(t.Context(), "ws://service/dev", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	t.Cleanup(f.cut)
	return c
}

// virtual runs a test in virtual time.
func virtual(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func TestRefusals(t *testing.T) {
	for status, code := range map[int]string{401: "unauthorized", 403: "forbidden", 429: "rate_limited", 503: client.CodeDisconnected} {
		virtual(t, fmt.Sprint("Dial returns what a handshake was refused with: ", status), func(t *testing.T) {
			f := &fake{status: func(int) int { return status }}
			_, err := client.Dial(t.Context(), "ws://service/dev", client.Options{NetDial: serve(t, f).dial})
			var refusal *client.Error
			if !errors.As(err, &refusal) || refusal.Code != code || refusal.Retryable != (status > 403) {
				t.Errorf("Dial = %#v, want code %s", err, code)
			}
		})
	}
	virtual(t, "a reconnect that is refused for good ends everything, and is not repeated", func(t *testing.T) {
		f := &fake{status: func(dial int) int { return map[int]int{2: 503, 3: 401}[dial] }}
		c := connect(t, f, client.Options{})
		room, err := c.Join(t.Context(), "r")
		if err != nil {
			t.Fatal(err)
		}
		f.cut()
		_, err = room.Next(t.Context())
		if client.CodeOf(err) != "unauthorized" {
			t.Errorf("Next = %v, want unauthorized", err)
		}
		if _, err = c.Echo(t.Context(), 1); client.CodeOf(err) != "unauthorized" {
			t.Errorf("Echo = %v, want unauthorized", err)
		}
		time.Sleep(time.Hour)
		if len(f.dials) != 3 {
			t.Errorf("%d attempts to connect, want 3", len(f.dials))
		}
	})
}

func TestTokens(t *testing.T) {
	virtual(t, "one is asked for at every attempt", func(t *testing.T) {
		f, n := &fake{}, 0
		c := connect(t, f, client.Options{Token: func(context.Context) (string, error) { n++; return fmt.Sprint("token-", n), nil }})
		f.cut()
		synctest.Wait()
		if _, err := c.Echo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		for i, header := range f.dials {
			if want := fmt.Sprint("Bearer token-", i+1); header.Get("Authorization") != want {
				t.Errorf("attempt %d shows %q, want %q", i+1, header.Get("Authorization"), want)
			}
		}
	})
	virtual(t, "one that cannot be sent is not repeated in the error", func(t *testing.T) {
		for _, token := range []string{"se same", "sesame\r\nx: y", "ses\u00e4me"} {
			_, err := client.Dial(t.Context(), "ws://service/dev", client.Options{Token: func(context.Context) (string, error) { return token, nil }})
			if client.CodeOf(err) != client.CodeInvalidToken || strings.Contains(fmt.Sprintf("%v %#v", err, err), token) {
				t.Errorf("Dial = %#v", err)
			}
		}
	})
	virtual(t, "one that never comes ends the attempt", func(t *testing.T) {
		_, err := client.Dial(t.Context(), "ws://service/dev", client.Options{Token: func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial = %v", err)
		}
	})
}

func TestAConnectionIsReplacedBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []error
		f := &fake{}
		c := connect(t, f, client.Options{OnConnection: func(err error) { told = append(told, err) }})
		if _, err := c.Join(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*time.Hour - 4*time.Minute)
		synctest.Wait()
		if _, peers := f.came("join"); fmt.Sprint(peers) != "[c1 c2]" || c.ConnectionID() != "c2" {
			t.Errorf("joined on %v, in use is %s, want c2", peers, c.ConnectionID())
		}
		if fmt.Sprint(told) != "[<nil> <nil>]" {
			t.Errorf("told %v: a replacement is no break", told)
		}
	})
}

func TestPings(t *testing.T) {
	virtual(t, "once 5 s after the last word, and the others stay where they are", func(t *testing.T) {
		f := &fake{}
		c := connect(t, f, client.Options{})
		room, _ := c.Join(t.Context(), "r")
		began := time.Now()
		for range 3 {
			room.Say(t.Context(), 1)
			time.Sleep(2 * time.Second)
		}
		time.Sleep(10 * time.Second)
		if times, _ := f.came("ping"); len(times) != 1 || times[0].Sub(began) != 9*time.Second {
			t.Errorf("pings at %v after %v, want one 9 s later", times, began)
		}
		time.Sleep(5 * time.Minute)
		if times, _ := f.came("ping"); len(times) < 9 || len(times) > 13 {
			t.Errorf("%d pings in 5 minutes, want about one in 30 s", len(times))
		}
	})
	virtual(t, "a line that is dead is left, and nothing is lost", func(t *testing.T) {
		f := &fake{}
		f.answer = func(p *fakePeer, request map[string]any) map[string]any {
			if p.id == "c1" && request["action"] == "ping" {
				p.Conn = deaf{p.Conn}
			}
			return nil
		}
		c := connect(t, f, client.Options{})
		c.Join(t.Context(), "r")
		time.Sleep(time.Minute)
		synctest.Wait()
		if c.ConnectionID() != "c2" {
			t.Errorf("after a minute of silence the connection is %s, want c2", c.ConnectionID())
		}
	})
}

// deaf is a connection on which nothing goes out any more.
type deaf struct{ net.Conn }

func (deaf) Write(b []byte) (int, error) { return len(b), nil }

func TestASlowReaderIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 5000
		f := &fake{}
		f.answer = func(_ *fakePeer, request map[string]any) map[string]any {
			if request["action"] != "history" {
				return nil
			}
			var page []any
			for seq := int(request["after"].(float64)) + 1; seq <= messages && len(page) < 100; seq++ {
				page = append(page, map[string]any{"seq": seq, "messageId": "m", "data": seq})
			}
			return map[string]any{"type": "history", "epoch": "e1", "messages": page, "more": len(page) == 100}
		}
		c := connect(t, f, client.Options{})
		room, _ := c.Join(t.Context(), "r")
		for seq := 1; seq <= messages; seq++ {
			f.peers[0].push(map[string]any{"type": "messages", "room": "r", "epoch": "e1", "messages": []any{map[string]any{"seq": seq, "data": seq}}})
		}
		began := time.Now()
		for seq := int64(1); seq <= messages; seq++ {
			m, err := room.Next(t.Context())
			if err != nil || m.Seq != seq || m.Cut {
				t.Fatalf("message %d is %+v, %v", seq, m, err)
			}
		}
		times, _ := f.came("history")
		if len(times) != (messages-1000)/100 {
			t.Errorf("%d pages of history, want those beyond the first 1,000 messages", len(times))
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v: what did not fit need not be waited for", took)
		}
	})
}

func TestFrames(t *testing.T) {
	virtual(t, "a large message goes out in frames that API Gateway takes, and comes in fragments among pings", func(t *testing.T) {
		f := &fake{}
		c := connect(t, f, client.Options{})
		long := strings.Repeat("\u00e4<", 15_000)
		echoed, err := c.Echo(t.Context(), long)
		var got string
		if _ = json.Unmarshal(echoed.Data, &got); err != nil || got != long {
			t.Errorf("an echo of %d bytes brought %d, %v", len(long), len(got), err)
		}
		if _, err := c.Echo(t.Context(), strings.Repeat("x", 128<<10)); client.CodeOf(err) != "payload_too_large" {
			t.Errorf("more than 128 KB: %v", err)
		}
	})
	virtual(t, "a push in fragments, with a ping between them", func(t *testing.T) {
		pushes := make(chan client.Push, 1)
		f := &fake{}
		connect(t, f, client.Options{OnPush: func(p client.Push) { pushes <- p }})
		text := []byte(`{"type":"direct","messageId":"m","data":"h\u00e4llo"}`)
		for _, frame := range []ws.Frame{ws.NewFrame(ws.OpText, false, text[:44]), ws.NewPingFrame([]byte("?")), ws.NewFrame(ws.OpContinuation, true, text[44:])} {
			if err := ws.WriteFrame(f.peers[0], frame); err != nil {
				t.Fatal(err)
			}
		}
		if p := <-pushes; p.Type != "direct" || string(p.Data) != `"h\u00e4llo"` {
			t.Errorf("pushed %+v", p)
		}
	})
	virtual(t, "nonsense ends the connection, not the client", func(t *testing.T) {
		f := &fake{}
		c := connect(t, f, client.Options{})
		_, _ = io.WriteString(f.peers[0], "\xff\xff\xff\xff")
		synctest.Wait()
		if _, err := c.Echo(t.Context(), 1); err != nil || c.ConnectionID() != "c2" {
			t.Errorf("Echo = %v on %s", err, c.ConnectionID())
		}
	})
}

func TestRequestOfAnExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(_ *fakePeer, request map[string]any) map[string]any {
			if request["action"] == "roll" {
				return map[string]any{"type": "rolled", "sides": request["sides"]}
			}
			return nil
		}
		c := connect(t, f, client.Options{})
		var rolled struct{ Sides int }
		if err := c.Request(t.Context(), "roll", map[string]any{"sides": 6}, &rolled); err != nil || rolled.Sides != 6 {
			t.Errorf("Request = %+v, %v", rolled, err)
		}
		if err := c.Request(t.Context(), "nope", nil, nil); client.CodeOf(err) != "unknown_action" {
			t.Errorf("Request = %v", err)
		}
		c.Close()
		if err := c.Request(t.Context(), "roll", nil, nil); client.CodeOf(err) != client.CodeClosed {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestContextsEndWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(_ *fakePeer, request map[string]any) map[string]any {
			if request["action"] == "say" {
				return map[string]any{"type": "error", "code": "unavailable", "retryable": true}
			}
			return nil
		}
		c := connect(t, f, client.Options{})
		room, _ := c.Join(t.Context(), "r")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := room.Say(ctx, 1); !errors.Is(err, context.DeadlineExceeded) || client.CodeOf(err) != "unavailable" {
			t.Errorf("Say = %v, want the deadline, and why", err)
		}
		if _, err := room.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next = %v", err)
		}
		if err := room.Leave(t.Context()); client.CodeOf(err) != "unknown_action" {
			t.Errorf("Leave = %v", err)
		}
		if _, err := room.Next(t.Context()); client.CodeOf(err) != client.CodeClosed {
			t.Errorf("Next in a room that was left = %v", err)
		}
	})
}

func TestJoinsOfOneRoomAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(_ *fakePeer, request map[string]any) map[string]any {
			if request["action"] == "join" {
				time.Sleep(5 * time.Second)
			}
			return nil
		}
		c := connect(t, f, client.Options{})
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		first := make(chan error, 1)
		go func() {
			_, err := c.Join(hasty, "r")
			first <- err
		}()
		synctest.Wait()
		room, err := c.Join(t.Context(), "r")
		if err != nil || !errors.Is(<-first, context.DeadlineExceeded) {
			t.Fatalf("the patient Join = %v", err)
		}
		if _, err := room.Say(t.Context(), 1); err != nil {
			t.Errorf("Say = %v", err)
		}
		if times, _ := f.came("leave"); len(times) > 0 {
			t.Error("the room was left, though somebody joined it")
		}
	})
}

func TestAHistoryThatCannotBeReadIsNotAskedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(_ *fakePeer, request map[string]any) map[string]any {
			switch {
			case request["action"] == "history":
				time.Sleep(10 * time.Millisecond)
				return map[string]any{"type": "error", "code": "internal", "message": "no"}
			case request["action"] == "join" && request["epoch"] != nil:
				return map[string]any{"type": "ack", "room": "r", "epoch": "e1", "seq": 9, "recovered": true, "messages": []any{}, "more": true}
			}
			return nil
		}
		c := connect(t, f, client.Options{})
		room, _ := c.Join(t.Context(), "r")
		f.cut()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _ = room.Next(ctx)
		if times, _ := f.came("history"); len(times) == 0 || len(times) > 10 {
			t.Errorf("asked for history %d times in a minute, want a few", len(times))
		}
	})
}

func TestTwoReadersOfARoomGetEachMessageOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 200
		f := &fake{}
		f.answer = func(_ *fakePeer, request map[string]any) map[string]any {
			if request["action"] != "history" {
				return nil
			}
			seq := int(request["after"].(float64)) + 1
			return map[string]any{"type": "history", "epoch": "e1", "messages": []any{map[string]any{"seq": seq, "data": seq}}, "more": false}
		}
		c := connect(t, f, client.Options{})
		room, _ := c.Join(t.Context(), "r")
		got := make(chan int64, messages)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range 2 {
			go func() {
				for m, err := range room.Messages(ctx) {
					if err == nil {
						got <- m.Seq
					}
				}
			}()
		}
		for seq := 2; seq <= messages; seq += 2 { // Every other one is lost.
			f.peers[0].push(map[string]any{"type": "messages", "room": "r", "epoch": "e1", "messages": []any{map[string]any{"seq": seq, "data": seq}}})
		}
		seen := map[int64]bool{}
		for range messages {
			seen[<-got] = true
		}
		if len(seen) != messages {
			t.Errorf("%d of %d messages came", len(seen), messages)
		}
	})
}

func TestAnAnswerCountsThatCameBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.answer = func(p *fakePeer, request map[string]any) map[string]any {
			switch request["action"] {
			case "hello": // The keys of an anonymous client end with its connection.
				return map[string]any{"type": "welcome", "connectionId": p.id, "user": "anon-" + p.id}
			case "tell":
				p.push(map[string]any{"type": "ack", "id": request["id"], "messageId": "m", "sent": 1})
				p.Close()
			}
			return nil
		}
		c := connect(t, f, client.Options{MaxWait: time.Second})
		for range 50 {
			if receipt, err := c.Tell(t.Context(), client.Recipient{User: "bob"}, 1); err != nil || receipt.Sent != 1 {
				t.Fatalf("Tell = %+v, %v", receipt, err)
			}
			time.Sleep(2 * time.Second) // In which it connects again.
		}
	})
}
