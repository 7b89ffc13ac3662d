package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// malformed are frames that no client should send.
var malformed = []func(*rand.Rand) []byte{
	func(c *rand.Rand) []byte { return noise(c, 1+c.IntN(200)) },
	func(c *rand.Rand) []byte { return compiled(ws.NewTextFrame(noise(c, 50))) }, // No UTF-8, and no mask.
	func(c *rand.Rand) []byte { return masked(ws.NewTextFrame(noise(c, 50))) },   // No UTF-8.
	func(c *rand.Rand) []byte { return masked(ws.NewBinaryFrame(noise(c, 500))) },
	func(c *rand.Rand) []byte { return masked(ws.NewFrame(ws.OpContinuation, true, noise(c, 10))) },
	func(c *rand.Rand) []byte { return masked(ws.NewFrame(ws.OpCode(3+c.IntN(4)), true, nil)) },
	func(*rand.Rand) []byte {
		return []byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}
	},
	func(*rand.Rand) []byte { return masked(ws.NewFrame(ws.OpPing, true, make([]byte, 126))) },
	func(c *rand.Rand) []byte { return masked(ws.NewTextFrame(slices.Repeat([]byte("x"), 40_000))) },
	func(*rand.Rand) []byte { return masked(ws.NewTextFrame(nil)) },
	func(*rand.Rand) []byte { return masked(ws.NewTextFrame([]byte(`{"action":`))) },
	func(*rand.Rand) []byte {
		return masked(ws.NewTextFrame([]byte(`{"action":"say","action":"join","room":5}`)))
	},
	func(*rand.Rand) []byte { return masked(ws.NewTextFrame([]byte(strings.Repeat(`[`, 1000)))) },
	func(*rand.Rand) []byte { return masked(ws.NewTextFrame([]byte(`{"action":"$connect"}`))) },
	func(*rand.Rand) []byte {
		return masked(ws.NewTextFrame([]byte(`{"action":"history","room":"storm-0","after":-1e999}`)))
	},
	func(c *rand.Rand) []byte {
		return masked(ws.NewCloseFrame([]byte{byte(c.IntN(256)), byte(c.IntN(256)), 0xff}))
	},
}

func noise(c *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(c.IntN(256))
	}
	return b
}

func compiled(f ws.Frame) []byte {
	b, _ := ws.CompileFrame(f) // Writing into memory does not fail.
	return b
}

func masked(f ws.Frame) []byte { return compiled(ws.MaskFrame(f)) }

// vandals send malformed frames. What is answered is an error that clients know, or the end of the connection.
func (r *run) vandals(ctx context.Context) {
	for i := range r.size.malformed {
		chance := r.chance("malformed", i)
		m, err := r.connect(ctx, fmt.Sprintf("vandal-%d", i), func(p reply) {
			if p.Type == "error" && p.Code == "internal" {
				r.violated("", "vandal-%d was answered with an internal error: %s", i, p.Message)
			}
		})
		if err != nil {
			return
		}
		_ = m.raw(malformed[chance.IntN(len(malformed))](chance))
		select {
		case <-m.done:
		case <-time.After(time.Duration(chance.IntN(20)) * time.Millisecond):
		case <-ctx.Done():
		}
		m.Close()
		r.count(func(c *counts) { c.malformed++ })
	}
}

// crowd lets clients connect, and most of them hang up at once, a few of them after asking to join.
func (r *run) crowd(ctx context.Context) {
	atOnce(r.size.connects, 16, func(i int) {
		chance := r.chance("crowd", i)
		if ctx.Err() != nil {
			return
		}
		user := fmt.Sprintf("crowd-%d", i)
		r.count(func(c *counts) { c.connects++ })
		if chance.Float64() < 0.05 {
			r.joinAndHangUp(ctx, r.room(chance.IntN(r.size.rooms)), user, time.Duration(chance.IntN(30))*time.Millisecond)
			return
		}
		token, err := r.issuer.token(user, inAWhile())
		if err != nil {
			return
		}
		if s, err := open(ctx, r.url, token); err == nil {
			if chance.Float64() < 0.5 {
				s.hangUp()
			} else {
				s.Close()
			}
		}
	})
}

// deaf lets a client join a room and read nothing more, until ctx ends.
func (r *run) deaf(ctx context.Context, n int) {
	user, room := fmt.Sprintf("deaf-%d", n), r.room(n%r.size.rooms)
	token, err := r.issuer.token(user, inAWhile())
	if err != nil {
		return
	}
	s, err := open(ctx, r.url, token)
	if err != nil {
		return // The program was killed, or its function.
	}
	defer s.Close()
	text, _ := json.Marshal(map[string]any{"action": "join", "room": room}) // Strings always encode.
	_ = s.send(ws.NewTextFrame(text))
	<-ctx.Done()
}

// doubles lets one user say the same with the same key over two connections at the same time: both are told the same
// place. With the same key something else is refused.
func (r *run) doubles(ctx context.Context, said *ledger) {
	for i := range r.size.doubles {
		// Over all rooms: in one of more than a hundred, those who vanished counted, nobody is told who comes and goes.
		room := r.room(i % r.size.rooms)
		if err := r.double(ctx, room, i, said); err != nil && ctx.Err() == nil && err != errGone {
			r.violated(room, "two connections of a user cannot say the same: %v", err)
			return
		}
	}
}

func (r *run) double(ctx context.Context, room string, i int, said *ledger) error {
	var both [2]*member
	for j := range both {
		m, err := r.connect(ctx, "twin", nil)
		if err != nil {
			return err
		}
		defer m.hangUp()
		if err := m.join(ctx, room); err != nil {
			return err
		}
		both[j] = m
	}
	text := fmt.Sprintf("twins say %d", i)
	one, other, err := sayBoth(ctx, both, room, text)
	if err != nil {
		return err
	}
	r.note(room, "twin", "was acknowledged %d and %d for %q", one.Seq, other.Seq, text)
	if one.Seq != other.Seq || one.MessageID != other.MessageID {
		r.violated(room, "the same key was acknowledged as %d %s and as %d %s", one.Seq, one.MessageID, other.Seq, other.MessageID)
	}
	said.add(room, one.Seq, text)
	r.count(func(c *counts) { c.duplicates++ })
	return r.wantConflict(ctx, both[0], room, text)
}

// sayBoth lets two say the same with the same key.
func sayBoth(ctx context.Context, both [2]*member, room, text string) (one, other reply, err error) {
	var second error
	var running sync.WaitGroup
	running.Go(func() { other, second = both[1].say(ctx, room, text) })
	one, err = both[0].say(ctx, room, text)
	running.Wait()
	return one, other, cmp.Or(err, second)
}

// wantConflict says something else with the key of a text that was said.
func (r *run) wantConflict(ctx context.Context, m *member, room, text string) error {
	answer, err := m.insist(ctx, "say", map[string]any{"room": room, "data": "something else", "key": key(text)})
	if err == errGone || ctx.Err() != nil {
		return errGone
	}
	if answer.Code != "conflict" {
		r.violated(room, "another message with the same key was answered %q %d, %v", answer.Code, answer.Seq, err)
	}
	return nil
}

// guest is what the names of users begin with whose tokens expire.
const guest = "guest-"

// expiring lets a client speak with a token that expires: what it asks until then is served, and afterwards refused.
func (r *run) expiring(ctx context.Context, n int, said *ledger) {
	room, user := r.room(n%r.size.rooms), fmt.Sprint(guest, n)
	m, ends, err := r.shortLived(ctx, user, room)
	if err != nil {
		return
	}
	defer m.hangUp()
	for i := 0; ctx.Err() == nil; i++ {
		text := fmt.Sprintf("%s says %d", user, i)
		asked := time.Now()
		answer, err := m.ask(ctx, answerTime, "say", map[string]any{"room": room, "data": text, "key": key(text)})
		switch expired := answer.Code == "token_expired"; {
		case err != nil:
			return
		case expired && time.Now().Before(ends), !expired && !answer.Retryable && (answer.Type == "error" || asked.After(ends)):
			r.violated(room, "%s, whose token lasts until %v, asked at %v and was answered %+v", user, ends, asked, answer)
			return
		case expired:
			r.count(func(c *counts) { c.expired++ })
			return
		case answer.Type != "error":
			said.add(room, answer.Seq, text)
		}
		_ = pause(ctx, 200*time.Millisecond)
	}
}

// shortLived connects and joins with a token that soon ends; one that a misfortune or the machine used up is replaced.
func (r *run) shortLived(ctx context.Context, user, room string) (m *member, ends time.Time, err error) {
	for life := 3 * time.Second; ; life *= 2 {
		ends = time.Now().Add(life).Truncate(time.Second) // A token's times are whole seconds.
		if m, err = r.connectOnce(ctx, user, ends, nil); err == nil {
			if err = m.join(ctx, room); err == nil {
				return m, ends, nil
			}
			m.hangUp()
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return nil, ends, err
		}
	}
}
