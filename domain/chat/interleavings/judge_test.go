package interleavings

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// judge says what is wrong in a state, or if nothing more needs to happen, with what becomes of it; empty if nothing is.
func (x *search) judge(s state) string {
	for _, holds := range inEveryState {
		if wrong := holds(s); wrong != "" {
			return wrong
		}
	}
	key := hashOf([2]any{s.world.hash, s.ticks})
	if !s.idle() || x.ends[key] {
		return ""
	}
	x.ends[key] = true
	x.relayLast(&s)
	end := x.settle(s)
	for _, holds := range atTheEnd {
		if wrong := holds(end); wrong != "" {
			return wrong + ", when at last there is\n" + end.String()
		}
	}
	return ""
}

// settle lets the last things happen, undisturbed: the queue is worked off, somebody posts to everybody, so that whoever
// is gone is reaped, what has expired is collected, and somebody reads all that was said.
func (x *search) settle(s state) state {
	x.workOff(&s)
	s.at += moment(time.Minute)
	for _, a := range []domain.Audience{domain.Everyone, domain.UserAudience("ada")} {
		x.complete(&s, x.once(string(a), func() *process { return post(a) }))
	}
	x.workOff(&s)
	for _, r := range s.expired() {
		s.world = s.collected(r)
	}
	x.complete(&s, x.once("last reading", lastReading))
	return s
}

func lastReading() *process {
	return &process{name: "last reading", run: func(r *run) effect { return r.read(observer) }}
}

// workOff works on what is queued, until nothing is, or until it has been put back for longer than it lives.
func (x *search) workOff(s *state) {
	for queued := s.under(queuePrefix); len(queued) > 0; queued = s.under(queuePrefix) {
		for _, r := range queued {
			for range r.value.(int) {
				s.world = s.unqueued(r.key)
				x.complete(s, x.worker(r.key))
			}
		}
		s.at += moment(time.Second)
	}
}

// complete runs a process while nothing else happens.
func (x *search) complete(s *state, p *process) {
	for n := p.root(x.t, s.at, &x.runs); ; {
		if n.told != nil {
			s.world = n.told(s.world)
		}
		if n.step == nil {
			return
		}
		var got answer
		s.world, got = n.apply(s.world)
		n = n.after(x.t, seen{n.step.name, answered, got, s.at})
	}
}

// expired are the rows of connections that have expired.
func (s state) expired() (all []row) {
	for _, r := range s.rows {
		m, ok := memberIn(r)
		if ok && m.exp <= begin.Add(time.Duration(s.at)).Unix() {
			all = append(all, r)
		}
	}
	return all
}

// collected is the world after a row has expired and was deleted.
func (w world) collected(r row) world {
	m, _ := memberIn(r)
	return w.without(r.key).with("collected|"+m.id, true)
}

// memberIn is what a row of a connection says of it; ok is false for other rows.
func memberIn(r row) (m member, ok bool) {
	switch value := r.value.(type) {
	case member:
		return value, true
	case connection:
		return value.member, true
	}
	return member{}, false
}

// invariant says what is wrong in a state; empty if nothing is.
type invariant func(state) string

// inEveryState holds in every state.
var inEveryState = []invariant{nothingWrongSeen, membersAreListed}

// atTheEnd holds when everything has come to rest.
var atTheEnd = []invariant{nothingWrongSeen, noGhosts, liveRowsStay, wordsAreRight, linesAreThere, linesAreRelayed}

func nothingWrongSeen(s state) string { return s.text("wrong") }

// membersAreListed: by the list in a connection's row its closer finds the members' rows.
func membersAreListed(s state) string {
	for _, r := range s.under(audienceKey(lobby)) {
		m := r.value.(member)
		c, _ := s.get("all|" + strings.TrimPrefix(r.key, audienceKey(lobby))).(connection)
		if !c.lists(lobby) && !s.has("collected|"+m.id) {
			return fmt.Sprintf("%s is a member of the room, and no connection lists that", m.id)
		}
	}
	return ""
}

// noGhosts: of a connection that has ended nothing stays.
func noGhosts(s state) string {
	for _, r := range s.rows {
		if m, ok := memberIn(r); ok && (s.text(socketKey(m.id)) != open || s.has("collected|"+m.id)) {
			return fmt.Sprintf("a ghost: %s of a connection that has ended", r.key)
		}
	}
	return ""
}

// liveRowsStay: of a connection that lives, nothing is lost.
func liveRowsStay(s state) string {
	for _, r := range s.under(socketKey("")) {
		id := strings.TrimPrefix(r.key, socketKey(""))
		if r.value != open || s.has("collected|"+id) {
			continue
		}
		c, there := s.get(connectionKey(id)).(connection)
		in := s.has(memberKey(lobby, id))
		switch {
		case !there:
			return "the row of " + id + " is lost, whose socket is open"
		case c.user != "" && !s.has(memberKey(domain.UserAudience(c.user), id)):
			return "the user's row of " + id + " is lost, whose socket is open"
		case in != c.lists(lobby):
			return fmt.Sprintf("%s is a member: %v, and listed as one: %v", id, in, c.lists(lobby))
		case s.text(inKey(id)) == "joined" && !in:
			return id + " was told that it joined, and is no member"
		case s.text(inKey(id)) == "left" && in:
			return id + " was told that it left, and is a member"
		}
	}
	return ""
}

// wordsAreRight: what a room was told last of a connection is so.
func wordsAreRight(s state) string {
	for _, r := range s.under(socketKey("")) {
		id := strings.TrimPrefix(r.key, socketKey(""))
		word, in := s.text(wordKey(id)), s.has(memberKey(lobby, id))
		switch {
		case id == observer || s.has("collected|"+id): // Of who merely expires nothing is told.
		case !in && word == "joined":
			return "the room believes that " + id + " is there"
		case in && word != "joined" && s.text(inKey(id)) == "joined":
			return fmt.Sprintf("the room believes that %s is not there: the last word is %q", id, word)
		}
	}
	return ""
}

// linesAreThere: what was acknowledged stands in history, once, at its place, and nothing stands there twice.
func linesAreThere(s state) string {
	text := s.text("history")
	places := map[string]string{}
	for i, line := range strings.Fields(text) {
		seq, words, _ := strings.Cut(line, ":")
		if seq != fmt.Sprint(i+1) {
			return "history has gaps: " + text
		}
		if places[words] != "" && words != "void" {
			return words + " is in history twice: " + text
		}
		places[words] = seq
	}
	for _, r := range s.under(ackedKey("")) {
		words := strings.TrimPrefix(r.key, ackedKey(""))
		if places[words] != r.value {
			return fmt.Sprintf("%s was acknowledged at %s and stands at %q in history: %s", words, r.value, places[words], text)
		}
	}
	return ""
}

// What clients were told.

// lobby is the room.
var lobby = chat.Audience("lobby")

// inKey is what a client was told last of its membership.
func inKey(id string) string { return "told|" + id }

// ackedKey is where a line stands, as its speaker was told.
func ackedKey(words string) string { return "acked|" + words }

// post posts to an audience as whoever pushes does, and reaps who is gone.
func (r *run) post(a domain.Audience) {
	_, _ = r.fanOut(store{r}, sockets{r}).Deliver(context.Background(), domain.Delivery{
		Message: []byte(`{}`), Audience: a, Except: []string{observer}, Span: domain.Ring, ExpiresAt: time.Now().Add(time.Hour),
	}, time.Now().Add(time.Minute))
}

// read reads history from its beginning.
func (r *run) read(id string) effect {
	zero := int64(0)
	got, err := r.chat().History(context.Background(), r.caller(id), "lobby", chat.PageRequest{After: &zero, Limit: chat.MaxPage})
	if err != nil {
		return nil
	}
	return func(w world) world {
		var lines []string
		for _, m := range got.Messages {
			words := "void"
			if !m.Void {
				words = string(m.Data)
			}
			lines = append(lines, fmt.Sprint(m.Seq, ":", words))
			w = w.saw(m.Seq, words)
		}
		return w.with("history", strings.Join(lines, " "))
	}
}

// saw notes what stands at a place; it is wrong if it was something else before.
func (w world) saw(seq int64, words string) world {
	key := fmt.Sprint("saw|", seq)
	if before := w.text(key); before != "" && before != words {
		return w.with("wrong", fmt.Sprintf("at %d stood %s, and then %s", seq, before, words))
	}
	return w.with(key, words)
}

// caller is who asks: a connection as its events have it.
func (r *run) caller(id string) domain.Caller {
	return domain.Caller{Connection: identity(id), Grants: domain.AllGrants}
}
