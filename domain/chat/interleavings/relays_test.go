package interleavings

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// Acquire implements chat.Relays.
func (s store) Acquire(_ context.Context, room, owner string, seq int64, now, until time.Time) (chat.Head, error) {
	return s.lease(room, "acquires "+room, func(h *head) bool {
		free := h.owner == "" || h.until <= now.UnixMilli() || h.owner == owner
		if !free || h.relayed >= seq {
			return false
		}
		h.owner, h.until = owner, until.UnixMilli()
		return true
	})
}

// TakeOver implements chat.Relays.
func (s store) TakeOver(_ context.Context, room, from, owner string, until time.Time) (chat.Head, error) {
	return s.lease(room, "takes over "+room, func(h *head) bool {
		if h.owner != from && h.owner != owner {
			return false
		}
		h.owner, h.until = owner, until.UnixMilli()
		return true
	})
}

// Renew implements chat.Relays.
func (s store) Renew(_ context.Context, room, owner string, relayed int64, until time.Time) (chat.Head, error) {
	return s.lease(room, fmt.Sprintf("renews the lease of %s at %d", room, relayed), func(h *head) bool {
		if h.owner != owner {
			return false
		}
		h.relayed, h.until = relayed, until.UnixMilli()
		return true
	})
}

// Release implements chat.Relays.
func (s store) Release(_ context.Context, room, owner string, relayed int64) (chat.Head, error) {
	return s.lease(room, fmt.Sprintf("releases %s at %d", room, relayed), func(h *head) bool {
		if h.owner != owner || h.seq != relayed {
			return false
		}
		h.relayed, h.owner, h.until = relayed, "", 0
		return true
	})
}

// lease is one conditional write of a head, if there is one.
func (s store) lease(room, name string, change func(*head) bool) (chat.Head, error) {
	row := headKey(room)
	got, _, err := s.attempt(name, func(w world) (world, answer) {
		before, there := w.get(row).(head)
		after := before
		if !there || !change(&after) {
			return w, answerOf(before, false)
		}
		if after.relayed < before.relayed {
			w = w.with("wrong", fmt.Sprintf("what was relayed went back from %d to %d", before.relayed, after.relayed))
		}
		return w.with(row, after), answerOf(after, true)
	})
	h, _ := got.value.(head)
	if err == nil && !got.done {
		err = chat.ErrLease
	}
	return h.domain(), err
}

// elsewhere is a room whose relay is somebody else at any time: what it does is searched by scenarios of its own.
type elsewhere struct{ chat.Relays }

// Acquire implements chat.Relays.
func (elsewhere) Acquire(context.Context, string, string, int64, time.Time, time.Time) (chat.Head, error) {
	return chat.Head{}, chat.ErrLease
}

// lineKey is where the world keeps that the observer was sent an entry.
func lineKey(seq int64) string { return fmt.Sprint("line|", seq) }

// frames is a Sender that shows the observer the entries that a room is sent. Each post takes a time.
type frames struct {
	service
	takes time.Duration
}

// Send implements domain.Sender.
func (f frames) Send(_ context.Context, _ string, message []byte) error {
	var frame struct{ Messages []struct{ Seq int64 } }
	if err := json.Unmarshal(message, &frame); err != nil {
		return err
	}
	time.Sleep(f.takes)
	f.do(step{name: fmt.Sprint("sends the room ", frame.Messages), certain: true, apply: func(w world) (world, answer) {
		for _, m := range frame.Messages {
			w = w.with(lineKey(m.Seq), true)
		}
		return w, answerOf(nil, true)
	}})
	return nil
}

// handOnPrefix begins the keys of rooms that were handed on. Then come the room, the owner, how many workers had the room
// before, and how often this one was received before.
const handOnPrefix = queuePrefix + "room|"

func handOnKey(h chat.HandOn, workers, received int) string {
	return fmt.Sprintf("%s%s|%s|%d|%d", handOnPrefix, h.Room, h.Owner, workers, received)
}

func readHandOn(key string) (h chat.HandOn, workers, received int) {
	part := strings.Split(strings.TrimPrefix(key, handOnPrefix), "|")
	workers, _ = strconv.Atoi(part[2])
	received, _ = strconv.Atoi(part[3])
	return chat.HandOn{Room: part[0], Owner: part[1]}, workers, received
}

// HandOn implements chat.HandOns.
func (h handOns) HandOn(_ context.Context, on chat.HandOn) error {
	return queue{h.service}.put(handOnKey(on, h.workers, 0), "hands on "+on.Room)
}

// handOns is a queue of rooms, for somebody before whom a number of workers had the room.
type handOns struct {
	service
	workers int
}

// turns is how many workers have a room before nothing else happens any more: at a hole it would go from one to the next
// as long as no time passes.
const turns = 2

// beyond tells of what is queued that it has to wait until the end.
func beyond(key string) bool {
	if !strings.HasPrefix(key, handOnPrefix) {
		return false
	}
	_, workers, _ := readHandOn(key)
	return workers >= turns
}

// newRelayWorker goes on with a room. What it fails at is received again, by a worker that gives its lease another name.
func (x *search) newRelayWorker(key string) *process {
	h, workers, received := readHandOn(key)
	again := func(w world) world { return w.queued(handOnKey(h, workers, received+1)) }
	return &process{name: "relay worker", of: key, unanswered: again, run: func(r *run) effect {
		if r.relay(x.postTakes, workers+1).Continue(context.Background(), h) == nil {
			return nil
		}
		return again
	}}
}

// relay is the use case as it is wired.
func (r *run) relay(postTakes time.Duration, workers int) *chat.Relay {
	s := store{r}
	var registry domain.Registry = observed{s}
	if postTakes > domain.InlineShare {
		registry = crowd{observed{s}}
	}
	return &chat.Relay{
		Log: s, Relays: s, FanOut: r.fanOut(registry, frames{r, postTakes}), HandOns: handOns{r, workers},
		NewID: r.newID, HistoryDays: 1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// crowd is a Registry whose rooms have one member more, after the observer: too many for the time that a frame has.
type crowd struct{ observed }

// Members implements domain.Registry.
func (c crowd) Members(ctx context.Context, a domain.Audience, s domain.Span, limit int) (domain.Page, error) {
	page, err := c.observed.Members(ctx, a, s, limit)
	if s.First != s.Last {
		page.Members = append(page.Members, domain.Member{ID: "z", ConnectedAt: begin})
	}
	return page, err
}

// relayedChat is chat in a room that is relayed by those who speak there.
func (r *run) relayedChat(postTakes time.Duration) *chat.Chat {
	c := r.chat()
	c.Relay = r.relay(postTakes, 0)
	return c
}

// speaks is somebody who says something in a room that is relayed.
func speaks(words, key string, postTakes time.Duration) *process {
	return &process{name: fmt.Sprintf("say of %s with %q", words, key), run: func(r *run) effect {
		_, _ = r.relayedChat(postTakes).Say(context.Background(), r.caller("a"), "lobby", json.RawMessage(words), key)
		return nil
	}}
}

// pings is the observer's ping.
func pings(postTakes time.Duration) *process {
	return &process{name: "ping", run: func(r *run) effect {
		_, _ = r.relayedChat(postTakes).Ping(context.Background(), r.caller(observer), []string{"lobby"})
		return nil
	}}
}

// relaying is a room that nobody relays, in which a few speak at the same time. Where takeovers are off nobody pings.
func relaying(sayers int, postTakes time.Duration, takeovers bool) *scenario {
	s := &scenario{
		name:  fmt.Sprintf("relaying: %d speak, posts take %v, takeovers %v", sayers, postTakes, takeovers),
		begin: joined(connected("a"), "a").with("takeovers", takeovers), workers: 1, takeovers: takeovers, postTakes: postTakes,
		onlyLost: !takeovers, glued: []string{"gets the row of", "reads the key"},
	}
	for i := range sayers {
		s.processes = append(s.processes, speaks(fmt.Sprintf(`"%d"`, i), "", postTakes))
	}
	return s
}

// repeated adds somebody who says a line again with its key.
func (s *scenario) repeated() *scenario {
	s.name += ", one of them twice"
	s.processes = append(s.processes, speaks(`"k"`, "k", s.postTakes), named("say again", speaks(`"k"`, "k", s.postTakes)))
	return s
}

// visited adds a ping at any time.
func (s *scenario) visited() *scenario {
	s.name += ", with a ping"
	s.processes = append(s.processes, pings(s.postTakes))
	return s
}

// relayLast lets everything be relayed that can be: what was handed on, and unless takeovers are off what was abandoned.
func (x *search) relayLast(s *state) {
	if !s.has("takeovers") {
		return
	}
	x.workOff(s)
	for range map[bool]int{true: 3}[x.takeovers] {
		s.at += moment(20 * time.Second)
		x.complete(s, x.once("last ping", func() *process { return pings(0) }))
		x.workOff(s)
	}
}

// linesAreRelayed: what is stored was sent to the observer, and if nothing went wrong nobody relays any more. Whom a post misses finds the line
// in history, so posts do not fail here.
func linesAreRelayed(s state) string {
	h, there := s.get(headKey("lobby")).(head)
	if !there || !s.has("takeovers") {
		return ""
	}
	if h.relayed != h.seq || h.owner != "" && s.get("takeovers") == false {
		return fmt.Sprintf("the room is left with the head %+v", h)
	}
	for _, r := range s.under(logKey("lobby", h.epoch)) {
		if e := r.value.(entry); !e.void && !s.has(lineKey(e.seq)) {
			return fmt.Sprintf("the line at %d is stored and nobody was sent it", e.seq)
		}
	}
	return ""
}

var _ domain.Sender = frames{}
