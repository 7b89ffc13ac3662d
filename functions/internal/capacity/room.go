package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// seed decides which times lines are said at.
const seed = 20261125

const (
	roomName = "general"
	// lineBytes is how much a line's data has.
	lineBytes = 200
	// The talk lasts so long, or until so many lines were said.
	talkTime  = 2 * time.Minute
	talkLines = 60
	// idle is a rate at which a room rests between lines. Where less is said no line costs another price.
	idle  = 1. / 30
	lives = 5 // So many connections come and go.
)

// talk is what a room comes to: what its deeds use, and how it keeps up.
type talk struct {
	life, line, ping usage
	waits            time.Duration // How long 99 of 100 lines wait from their number to their posts.
	deepest          float64       // Most that waited on the relay's queue.
	said, carried    float64       // Lines a second that were said and relayed; see flow.
}

// behind tells that the room's frames carry less than is said: what waits grows without end.
func (t talk) behind() bool { return t.carried < 0.9*t.said }

// simulateRoom measures one room: connections that come and go, what is said, and a ping.
func simulateRoom(t *testing.T, o options, c crowd) (result talk) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{scene: newScene(t, o), random: rand.New(rand.NewPCG(seed, uint64(c.members)))}
		r.ran = r.note
		for i := range c.members {
			r.people = append(r.people, r.seat(i))
		}
		result.line = r.spent(func() { r.talk(max(c.lines, idle)) }).times(1 / r.said)
		r.judge(&result)
		result.ping = r.spent(r.ping)
		result.life = r.spent(func() {
			for i := range lives {
				r.live(c.members + i)
			}
		}).times(1. / lives)
		r.close()
	})
	return result
}

// room is a room that is simulated.
type room struct {
	*scene
	random *rand.Rand
	people []domain.Caller
	said   float64
	began  time.Time
	ends   time.Duration // When the talk ends, since it began.

	noting  sync.Mutex // Guards what follows.
	waited  []time.Duration
	relayed []time.Duration // When each line was, since the talk began.
}

// note notes when lines were relayed.
func (r *room) note(round chat.Round) {
	r.noting.Lock()
	defer r.noting.Unlock()
	for _, waited := range round.Waited {
		r.waited, r.relayed = append(r.waited, waited), append(r.relayed, time.Since(r.began))
	}
}

// spent is what is used until everything that was begun is done.
func (r *room) spent(do func()) usage {
	before := r.used()
	do()
	r.settle()
	return r.used().minus(before)
}

func (r *room) caller(i int) domain.Caller {
	return domain.Caller{Grants: domain.AllGrants, Connection: domain.Connection{
		ID: fmt.Sprintf("connection%d=", i), User: fmt.Sprintf("user%d", i), ConnectedAt: time.Now(),
		ExpiresAt: time.Now().Add(24 * time.Hour),
	}}
}

// seat puts somebody into the room, without anybody being told.
func (r *room) seat(i int) domain.Caller {
	who := r.caller(i)
	if err := r.members.Connect(r.t.Context(), who.Connection); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.members.Enter(r.t.Context(), who.Connection, chat.Audience(roomName), chat.MaxRooms); err != nil {
		r.t.Fatal(err)
	}
	return who
}

// talk lets somebody say something at random times, whatever became of the lines before.
func (r *room) talk(rate float64) {
	r.began = time.Now()
	r.ends = max(talkTime, time.Duration(talkLines/rate*float64(time.Second)))
	var speaking sync.WaitGroup
	for at := r.pause(rate); at < r.ends; at += r.pause(rate) {
		time.Sleep(time.Until(r.began.Add(at)))
		who, key := r.people[r.random.IntN(len(r.people))], fmt.Sprintf("key-of-a-line-%08d", int(r.said))
		r.said++
		speaking.Go(func() { r.say(who, key) })
	}
	speaking.Wait()
}

// pause is between two lines, of which a number is said a second.
func (r *room) pause(rate float64) time.Duration {
	return time.Duration(r.random.ExpFloat64() / rate * float64(time.Second))
}

func (r *room) say(who domain.Caller, key string) {
	data := json.RawMessage(`"` + strings.Repeat("x", lineBytes-2) + `"`)
	r.message(func(p *process) error {
		_, err := p.chat().Say(r.t.Context(), who, roomName, data, key)
		return err
	})
}

// judge tells how the room kept up.
func (r *room) judge(result *talk) {
	if len(r.waited) != int(r.said) {
		r.t.Errorf("%d lines were relayed of %g", len(r.waited), r.said)
		return
	}
	result.said, result.carried = r.flow()
	slices.Sort(r.waited)
	result.waits = r.waited[len(r.waited)*99/100]
	result.deepest = r.relay.deepest
}

// flow tells how many lines a second were said, and how many were relayed, from the first frame in the second half of the
// talk to the last one.
func (r *room) flow() (said, carried float64) {
	var frames []time.Duration
	for _, at := range r.relayed {
		if r.ends/2 <= at && at < r.ends {
			frames = append(frames, at)
		}
	}
	if len(frames) == 0 {
		return 0, 0
	}
	first, last := slices.Min(frames), slices.Max(frames)
	between := func(at time.Duration) float64 {
		if at <= first || last < at {
			return 0
		}
		return 1 / (last - first).Seconds()
	}
	for i, at := range r.relayed {
		carried += between(at)
		said += between(at - r.waited[i])
	}
	return said, carried
}

func (r *room) ping() {
	r.message(func(p *process) error {
		_, err := p.chat().Ping(r.t.Context(), r.people[0], []string{roomName})
		return err
	})
}

// live is a connection from its beginning to its end, with the authorizer's call.
func (r *room) live(i int) {
	who := r.caller(i)
	limiter := domain.NewLimiter(r.share)
	r.count(connects, 1)
	r.call(smallFunction, 1, limiter, func(*process) error { return nil })
	r.call(smallFunction, 1, limiter, func(p *process) error {
		identity := domain.Identity{User: who.User}
		return domain.Connector{Registry: p, Memberships: p}.Connect(r.t.Context(), who.ID, who.ConnectedAt, identity)
	})
	r.message(func(p *process) error {
		_, err := p.chat().Join(r.t.Context(), who, roomName, nil)
		return err
	})
	r.settle()
	r.call(smallFunction, 1, limiter, func(p *process) error {
		tell := func(ctx context.Context, c domain.Connection, a domain.Audience) error {
			return chat.Announcer{Queue: line{p, r.deliver}, NewID: newID}.AnnounceLeave(ctx, c, a)
		}
		return domain.Closer{Registry: p, Memberships: p, OnLeave: tell}.Close(r.t.Context(), who.ID)
	})
}
