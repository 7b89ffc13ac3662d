package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// wantRefusal wants a use case to refuse with a code.
func wantRefusal(t *testing.T, what string, err error, code domain.Code) {
	t.Helper()
	if err == nil || domain.Refusal(err).Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// inRoom are the use cases that take a member.
func (r *rig) inRoom(who domain.Caller, room string) map[string]error {
	ctx := r.t.Context()
	_, say := r.Say(ctx, who, room, quoted("x"), "")
	_, list := r.Who(ctx, who, room, "")
	_, history := r.History(ctx, who, room, chat.PageRequest{Limit: 1})
	_, ping := r.Ping(ctx, who, []string{room})
	return map[string]error{"say": say, "who": list, "history": history, "ping": ping}
}

func TestOnlyMembers(t *testing.T) {
	r := newRig(t)
	r.say(r.member("ada"), "secret", "")
	stranger, gone, bob := r.connect("ada"), r.connect("bob"), r.member("bob")
	r.wantNil(r.registry.Remove(t.Context(), gone.Connection))
	_, err := r.Leave(t.Context(), bob, room)
	r.wantNil(err)
	for who, code := range map[string]domain.Code{
		stranger.ID: domain.NotAMember, bob.ID: domain.NotAMember, gone.ID: domain.ConnectionClosed,
	} {
		for what, err := range r.inRoom(domain.Caller{Connection: domain.Connection{ID: who}}, room) {
			wantRefusal(t, what, err, code)
		}
	}
	_, err = r.Ping(t.Context(), r.member("bob"), []string{room, "other"})
	wantRefusal(t, "ping of two rooms, one of them another's", err, domain.NotAMember)
	if stored := r.stored(); len(stored) != 1 {
		t.Errorf("stored: %v", stored)
	}
}

func TestNamesOfRooms(t *testing.T) {
	r := newRig(t)
	ada := r.connect("ada")
	for _, good := range []string{"a", "0", "A.b_c:d-e", strings.Repeat("x", 64)} {
		_, err := r.Join(t.Context(), ada, good, nil)
		r.wantNil(err)
		for what, err := range r.inRoom(ada, good) {
			if err != nil {
				t.Errorf("%s in %s: %v", what, good, err)
			}
		}
	}
	for _, bad := range []string{"", "-a", ".a", ":a", "_a", "a b", "a#b", "a/b", "ä", "a\n", strings.Repeat("x", 65)} {
		_, join := r.Join(t.Context(), ada, bad, nil)
		_, leave := r.Leave(t.Context(), ada, bad)
		wantRefusal(t, "join "+bad, join, domain.BadRequest)
		wantRefusal(t, "leave "+bad, leave, domain.BadRequest)
		for what, err := range r.inRoom(ada, bad) {
			wantRefusal(t, what+" "+bad, err, domain.BadRequest)
		}
	}
}

func TestLimitOfRooms(t *testing.T) {
	r := newRig(t)
	ada := r.connect("ada")
	var rooms []string
	for i := range chat.MaxRooms {
		rooms = append(rooms, fmt.Sprint("r", i))
		_, err := r.Join(t.Context(), ada, rooms[i], nil)
		r.wantNil(err)
	}
	_, err := r.Join(t.Context(), ada, "one-more", nil)
	wantRefusal(t, "one room more", err, domain.LimitExceeded)
	if limit := domain.Refusal(err).Details["limit"]; limit != chat.MaxRooms {
		t.Errorf("details.limit = %v", limit)
	}
	for what, err := range r.inRoom(ada, "one-more") {
		wantRefusal(t, what, err, domain.NotAMember)
	}
	pong, err := r.Ping(t.Context(), ada, rooms)
	if err != nil || len(pong.Rooms) != chat.MaxRooms {
		t.Errorf("Ping = %v, %v", pong, err)
	}
	_, err = r.Ping(t.Context(), ada, append(rooms, "r0"))
	wantRefusal(t, "ping of one room more", err, domain.BadRequest)
	_, again := r.Join(t.Context(), ada, "r0", nil)
	_, leave := r.Leave(t.Context(), ada, "r0")
	_, instead := r.Join(t.Context(), ada, "one-more", nil)
	for what, err := range map[string]error{"joining again": again, "leaving": leave, "another room instead": instead} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestJoinUnconnected(t *testing.T) {
	r := newRig(t)
	gone := r.connect("ada")
	r.wantNil(r.registry.Remove(t.Context(), gone.Connection))
	_, err := r.Join(t.Context(), gone, room, nil)
	wantRefusal(t, "join", err, domain.ConnectionClosed)
}

// TestPushes: everybody in the room gets what is said but the connection that said it; the speaker's other
// connections do.
func TestPushes(t *testing.T) {
	r := newRig(t)
	phone, laptop, bob, outside := r.member("ada"), r.member("ada"), r.member("bob"), r.connect("bob")
	said := r.say(phone, "hi", "")
	for _, who := range []domain.Caller{laptop, bob} {
		got, _ := json.Marshal(r.received(who))
		want := fmt.Sprintf(`[{"epoch":%q,"messages":[{"at":%s,"data":"hi","from":{"connection":%q,"user":"ada"},"messageId":%q,"seq":1}],"room":%q,"type":"messages"}]`,
			said.Epoch, quoted(domain.Timestamp(r.stored()[0].At)), phone.ID, said.MessageID, room)
		if string(got) != want {
			t.Errorf("%s received %s, want %s", who.User, got, want)
		}
	}
	for _, who := range []domain.Caller{phone, outside} {
		if pushes := r.received(who); pushes != nil {
			t.Errorf("received %v", pushes)
		}
	}
}

// TestDeliveryThatFails does not take back what is stored.
func TestDeliveryThatFails(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.FanOut.Registry = brokenRegistry{r.registry}
	log := r.logged()
	r.say(ada, "stored", "")
	r.wantOnce("stored")
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "room="+room) || !strings.Contains(text, "cause=") {
		t.Errorf("the log is %q, want one line with the room and the cause", text)
	}
	if len(r.handed) != 1 {
		t.Errorf("handed on: %v", r.handed)
	}
}

// logged is what is logged of relays from now on.
func (r *rig) logged() *bytes.Buffer {
	log := new(bytes.Buffer)
	r.relays.Logger = slog.New(slog.NewTextHandler(log, nil))
	return log
}

// TestLeaveUnconnected: whose connection is gone has left.
func TestLeaveUnconnected(t *testing.T) {
	r := newRig(t)
	gone := r.connect("ada")
	r.wantNil(r.registry.Remove(t.Context(), gone.Connection))
	if left, err := r.Leave(t.Context(), gone, room); err != nil || left.Room != room {
		t.Errorf("Leave = %+v, %v", left, err)
	}
}

// TestHello: who one is, and until when.
func TestHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		anonymous, ada := r.connect(""), r.connect("ada")
		ada.TokenEnds = time.Now().Add(time.Minute)
		for _, test := range []struct {
			who  domain.Caller
			user string
			ends time.Time
		}{
			{anonymous, "anon-" + anonymous.ID, time.Now().Add(domain.MaxConnection)},
			{ada, "ada", time.Now().Add(time.Minute)},
		} {
			welcome := chat.Hello(test.who, 32_768)
			want := chat.Welcome{
				ConnectionID: test.who.ID, User: test.user,
				ConnectedAt: domain.Timestamp(test.who.ConnectedAt), ExpiresAt: domain.Timestamp(test.ends),
				Limits: chat.Limits{DataBytes: 32_768, Rooms: chat.MaxRooms, PageMessages: chat.MaxPage},
			}
			if welcome != want {
				t.Errorf("Hello = %+v, want %+v", welcome, want)
			}
		}
	})
}

// behind is a registry that knows a connection as it was before it joined anything.
type behind struct{ domain.Registry }

// Get implements domain.Registry.
func (b behind) Get(ctx context.Context, id string) (domain.Connection, error) {
	c, err := b.Registry.Get(ctx, id)
	c.Audiences = nil
	return c, err
}

// TestLimitOfRoomsAtTheSameTime: of those who look at the same moment no more get in than may; and of whom it is plain
// that it may not, nobody is told.
func TestLimitOfRoomsAtTheSameTime(t *testing.T) {
	for name, raced := range map[string]bool{"seen before": false, "found out on entering": true} {
		r := newRig(t)
		ada := r.connect("ada")
		for i := range chat.MaxRooms {
			_, err := r.Join(t.Context(), ada, fmt.Sprint("r", i), nil)
			r.wantNil(err)
		}
		r.queued = nil
		if raced {
			r.Registry = behind{r.registry}
		}
		_, err := r.Join(t.Context(), ada, "one-more", nil)
		wantRefusal(t, name, err, domain.LimitExceeded)
		if !raced && len(r.queued) > 0 {
			t.Errorf("%s: queued %+v", name, r.queued)
		}
	}
}
