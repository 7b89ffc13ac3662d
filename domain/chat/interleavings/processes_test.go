package interleavings

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"wsecho/domain"
)

// identity is a connection that began a minute ago and belongs to ada.
func identity(id string) domain.Connection {
	at := begin.Add(-time.Minute)
	return domain.Connection{ID: id, ConnectedAt: at, ExpiresAt: domain.Expiry(at, time.Time{}), User: "ada"}
}

// connected is a world in which connections are open; those after the first, the observer, are in no room.
func connected(ids ...string) world {
	var w world
	for _, id := range append([]string{observer}, ids...) {
		c := identity(id)
		if id == observer {
			c.User = "bob"
		}
		row := connection{member: memberOf(c)}
		if id == observer {
			row = row.changed(lobby, true)
			w = w.with(memberKey(lobby, id), memberOf(c))
		}
		w = w.with(connectionKey(id), row)
		w = w.with(memberKey(domain.UserAudience(c.User), id), memberOf(c))
		w = w.with(socketKey(id), open)
	}
	return w
}

// after is ready when processes have ended.
func after(all ...*process) func(state) bool {
	return func(s state) bool {
		for _, p := range all {
			if !s.done(p) {
				return false
			}
		}
		return true
	}
}

func join(id string) *process {
	return &process{name: "join of " + id, unanswered: toldOf(id, "unknown", nil), run: func(r *run) effect {
		_, err := r.chat().Join(context.Background(), r.caller(id), "lobby", nil)
		return toldOf(id, "joined", err)
	}}
}

func leave(id string) *process {
	return &process{name: "leave of " + id, unanswered: toldOf(id, "unknown", nil), run: func(r *run) effect {
		_, err := r.chat().Leave(context.Background(), r.caller(id), "lobby")
		return toldOf(id, "left", err)
	}}
}

// toldOf notes what a client was told of its membership: nothing that it can rely on, after an error.
func toldOf(id, word string, err error) effect {
	if err != nil {
		word = "unknown"
	}
	return func(w world) world { return w.with(inKey(id), word) }
}

func say(id, words, key string) *process {
	return &process{name: fmt.Sprintf("say of %s by %s", words, id), run: func(r *run) effect {
		said, err := r.chat().Say(context.Background(), r.caller(id), "lobby", json.RawMessage(words), key)
		if err != nil {
			return nil
		}
		return func(w world) world {
			place := fmt.Sprint(said.Seq)
			if before := w.text(ackedKey(words)); before != "" && before != place {
				return w.with("wrong", fmt.Sprintf("%s was acknowledged at %s and then at %s", words, before, place))
			}
			return w.with(ackedKey(words), place)
		}
	}}
}

// hangUp closes a socket.
func hangUp(id string) *process {
	return &process{name: id, event: true, ready: isOpen(id), run: func(r *run) effect {
		r.do(step{name: "hangs up", apply: func(w world) (world, answer) { return w.with(socketKey(id), closed), answerOf(nil, true) }})
		return nil
	}}
}

func isOpen(id string) func(state) bool {
	return func(s state) bool { return s.text(socketKey(id)) == open }
}

// disconnect is what AWS calls after a socket was closed, at least once.
func disconnect(id string) *process {
	return &process{
		name:  "$disconnect of " + id,
		ready: func(s state) bool { return s.text(socketKey(id)) == closed },
		run: func(r *run) effect {
			_ = r.closer().Close(context.Background(), id)
			return nil
		},
	}
}

// post is somebody who posts to an audience, and reaps who is gone.
func post(a domain.Audience) *process {
	return &process{name: "post to " + string(a), run: func(r *run) effect { r.post(a); return nil }}
}

func read(id string) *process {
	return &process{name: "history of " + id, run: func(r *run) effect {
		told := r.read(id)
		return func(w world) world {
			if told == nil {
				return w
			}
			return told(w).without("history")
		}
	}}
}

// named is a process under another name.
func named(name string, p *process) *process {
	p.name = name
	return p
}

// expired is a row of a connection that has just ended.
func expired(value any) any {
	switch m := value.(type) {
	case member:
		m.exp = begin.Unix()
		return m
	case connection:
		m.exp = begin.Unix()
		return m
	}
	return value
}

// then lets processes follow one another, as a client does that awaits each answer, or gives up waiting.
func then(all ...*process) []*process {
	for i, p := range all[1:] {
		p.ready, all[i].awaited = after(all[i]), true
	}
	return all
}

// joined is a world in which a connection is a member.
func joined(w world, id string) world {
	c := w.get(connectionKey(id)).(connection)
	w = w.with(connectionKey(id), c.changed(lobby, true)).with(memberKey(lobby, id), c.member)
	return w.with(wordKey(id), "joined").with(inKey(id), "joined")
}

// connect is a client that connects as the world begins.
func connect(id string) *process {
	return &process{name: "$connect of " + id, run: func(r *run) effect {
		connector := domain.Connector{Registry: store{r}, Memberships: store{r}}
		if err := connector.Connect(context.Background(), id, begin, domain.Identity{User: "ada"}); err != nil {
			return nil
		}
		r.do(step{name: "answers, and the socket opens", apply: func(w world) (world, answer) {
			return w.with(socketKey(id), open), answerOf(nil, true)
		}})
		return nil
	}}
}
