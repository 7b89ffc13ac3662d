package chat_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// aged has a room whose first messages have expired, and the first one that lives is preceded by a hole: 1 2 gone,
// 3 a hole of the same time as 4, then 4 5.
func aged(t *testing.T) (*rig, domain.Caller, string) {
	r := newRig(t)
	ada := r.member("ada")
	epoch := r.say(ada, "1", "").Epoch
	r.say(ada, "2", "")
	time.Sleep(12 * time.Hour)
	r.log.next(killed)
	_, _ = r.Say(t.Context(), ada, room, quoted("3"), "")
	r.say(ada, "4", "")
	r.say(ada, "5", "")
	time.Sleep(13 * time.Hour)
	return r, ada, epoch
}

// TestExpiredIsNeverFilled: what is missing at the beginning of a log may have been a message, and a void would deny
// it.
func TestExpiredIsNeverFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, _ := aged(t)
		for want, at := range map[string]chat.PageRequest{"[4 5] false": {}, "[4] false": before(5), "[] false": before(4)} {
			if _, got := r.history(ada, at); got != want {
				t.Errorf("%s: %s, want %s", shown(at), got, want)
			}
		}
		for seq, want := range map[int64]string{0: "", 1: "", 2: "", 3: "[4 5] false", 4: "[5] false", 5: "[] false"} {
			r.wantAfter(ada, seq, want)
		}
		if stored := r.stored(); len(stored) != 2 {
			t.Errorf("stored: %+v", stored)
		}
	})
}

// wantAfter wants a page after a position; empty is unrecoverable_position with the newest page.
func (r *rig) wantAfter(who domain.Caller, seq int64, want string) {
	r.t.Helper()
	page, err := r.History(r.t.Context(), who, room, chat.PageRequest{After: &seq, Limit: chat.MaxPage})
	got := fmt.Sprint(numbers(page.Messages), page.More)
	if want != "" {
		if err != nil || got != want {
			r.t.Errorf("after %d: %s, %v; want %s", seq, got, err, want)
		}
		return
	}
	refusal := domain.Refusal(err)
	newest, _ := refusal.Details["messages"].([]chat.Message)
	if refusal.Code != domain.UnrecoverablePosition || fmt.Sprint(numbers(newest)) != "[4 5]" || refusal.Details["more"] != false {
		r.t.Errorf("after %d: %v, %v", seq, err, refusal.Details)
	}
}

// TestHoleBehindALivingMessage is filled, however old the log is.
func TestHoleBehindALivingMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, _ := aged(t)
		r.log.next(killed)
		_, _ = r.Say(t.Context(), ada, room, quoted("6"), "")
		time.Sleep(3 * time.Second)
		if _, got := r.history(ada, chat.PageRequest{}); got != "[4 5 6v] false" {
			t.Errorf("history = %s", got)
		}
		time.Sleep(10 * time.Hour)
		r.say(ada, "7", "")
		r.log.next(killed)
		_, _ = r.Say(t.Context(), ada, room, quoted("8"), "")
		time.Sleep(3 * time.Hour)
		if _, got := r.history(ada, after(7)); got != "[8v] false" {
			t.Errorf("history after the only one that lives = %s", got)
		}
	})
}

// TestHoleBeyondALivingMessage is filled, though the page that begins with it lacks that message.
func TestHoleBeyondALivingMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, _ := aged(t)
		r.log.next(killed)
		_, _ = r.Say(t.Context(), ada, room, quoted("6"), "")
		r.say(ada, "7", "")
		time.Sleep(3 * time.Second)
		if _, got := r.history(ada, chat.PageRequest{Before: before(7).Before, Limit: 1}); got != "[6v] true" {
			t.Errorf("before 7: %s", got)
		}
	})
}

// TestExpiredThisVeryMoment: no place is filled that was a message's until now, which a void would deny: of the only
// message in a log the epoch, the number and the entry are of one age.
func TestExpiredThisVeryMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada := r.member("ada")
		epoch := r.say(ada, "1", "").Epoch
		time.Sleep(24*time.Hour - 1)
		ada = r.member("ada")
		r.wantJoined(ada, &chat.Resume{Epoch: epoch}, "true [1] false")
		time.Sleep(time.Nanosecond)
		r.wantJoined(ada, &chat.Resume{Epoch: epoch}, "false [] false")
		if stored := r.stored(); len(stored) > 0 {
			t.Errorf("stored: %+v", stored)
		}
	})
}

// TestPageOfExpired costs one read, not one for every message that is gone, and none of what lies before the first.
func TestPageOfExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada := r.member("ada")
		for i := range chat.MaxPage {
			r.say(ada, fmt.Sprint(i), "")
		}
		time.Sleep(25 * time.Hour)
		r.log.reads.Store(0)
		if _, got := r.history(ada, chat.PageRequest{}); got != "[] false" {
			t.Errorf("history = %s", got)
		}
		if n := r.log.reads.Load(); n != 1 {
			t.Errorf("%d reads", n)
		}
	})
}

// TestRecovered joins with positions of all kinds.
func TestRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		t.Log("an empty room")
		r := newRig(t)
		ada := r.member("ada")
		r.wantJoined(ada, nil, "false [] false")
		r.wantJoined(ada, &chat.Resume{}, "true [] false")
		r.wantJoined(ada, &chat.Resume{After: 1}, "false [] false")
		r.wantJoined(ada, &chat.Resume{Epoch: "another"}, "false [] false")

		t.Log("a young room")
		var epoch string
		for i := range 3 {
			epoch = r.say(ada, fmt.Sprint(i), "").Epoch
		}
		r.wantJoined(ada, nil, "false [1 2 3] false")
		for after, want := range map[int64]string{
			0: "true [1 2 3] false", 1: "true [2 3] false", 3: "true [] false", 4: "false [1 2 3] false", -1: "false [1 2 3] false",
		} {
			r.wantJoined(ada, &chat.Resume{Epoch: epoch, After: after}, want)
		}
		r.wantJoined(ada, &chat.Resume{}, "true [1 2 3] false")
		r.wantJoined(ada, &chat.Resume{After: 1}, "false [1 2 3] false")
		r.wantJoined(ada, &chat.Resume{Epoch: "another", After: 1}, "false [1 2 3] false")

		t.Log("a room of which the beginning has expired")
		r, ada, epoch = aged(t)
		for after, want := range map[int64]string{
			0: "false [4 5] false", 2: "false [4 5] false", 3: "true [4 5] false", 4: "true [5] false",
		} {
			r.wantJoined(ada, &chat.Resume{Epoch: epoch, After: after}, want)
		}
		r.wantJoined(ada, &chat.Resume{}, "false [4 5] false")
	})
}

func (r *rig) wantJoined(who domain.Caller, resume *chat.Resume, want string) {
	r.t.Helper()
	joined, err := r.Join(r.t.Context(), who, room, resume)
	head, _ := r.log.Head(r.t.Context(), room)
	got := fmt.Sprint(joined.Recovered, numbers(joined.Messages), joined.More)
	if err != nil || got != want || joined.Epoch != head.Epoch || joined.Seq != head.Seq || joined.Messages == nil {
		r.t.Errorf("join with %+v = %+v, %v; want %s", resume, joined, err, want)
	}
}

// TestAnotherEpoch: positions of a log that was lost are not mistaken for those of the new one.
func TestAnotherEpoch(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.say(ada, "one", "")
	other := "another"
	_, err := r.History(t.Context(), ada, room, chat.PageRequest{Epoch: &other, After: new(int64), Limit: 10})
	refusal := domain.Refusal(err)
	newest, _ := refusal.Details["messages"].([]chat.Message)
	if refusal.Code != domain.UnrecoverablePosition || len(newest) != 1 || refusal.Details["epoch"] == other {
		t.Errorf("History = %v, %v", err, refusal.Details)
	}
}

// TestFromTheBeginning: whoever saw the room empty follows it from its first message on, by join and by history.
func TestFromTheBeginning(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.say(ada, "one", "")
	empty := ""
	if page, shown := r.history(ada, chat.PageRequest{Epoch: &empty, After: new(int64)}); shown != "[1] false" {
		t.Errorf("History = %+v", page)
	}
	r.wantJoined(ada, &chat.Resume{}, "true [1] false")
}
