package chat_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/chat"
)

// limited is a room in which a user may say something ten times a minute.
func limited(t *testing.T) *rig {
	r := newRig(t)
	r.Limit = domain.RateLimit{Quotas: new(memory.Quotas), PerMinute: 10}
	return r
}

// allowed does something a hundred times and returns how often it was not refused.
func allowed(t *testing.T, do func(i int) error) (n int) {
	t.Helper()
	for i := range 100 {
		err := do(i)
		if err == nil {
			n++
			continue
		}
		wantRefusal(t, fmt.Sprint("request ", i), err, domain.RateLimited)
	}
	return n
}

// TestJoinsAndLeavesCount: each of them may be announced to a hundred others.
func TestJoinsAndLeavesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := limited(t)
		bob := r.member("bob")
		phone, laptop := r.connect("ada"), r.connect("ada")
		n := allowed(t, func(i int) error {
			defer r.work()
			who := []domain.Caller{phone, laptop}[i/2%2]
			if i%2 == 0 {
				_, err := r.Join(t.Context(), who, room, nil)
				return err
			}
			_, err := r.Leave(t.Context(), who, room)
			return err
		})
		r.work()
		if told := len(r.received(bob)); n != 20 || told != 20 {
			t.Errorf("%d were allowed and %d announced, want 20", n, told)
		}
		if n := allowed(t, func(int) error {
			_, err := r.Tell(t.Context(), phone, chat.Recipient{User: "bob"}, quoted("x"), "")
			return err
		}); n != 10 {
			t.Errorf("%d messages were allowed besides, want 10", n)
		}
		time.Sleep(time.Minute)
		_, err := r.Join(t.Context(), phone, room, nil)
		r.wantNil(err)
	})
}

// TestReadsCount: history and who share a budget of their own.
func TestReadsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := limited(t)
		ada, bob := r.member("ada"), r.member("bob")
		n := allowed(t, func(i int) error {
			if i%2 == 0 {
				_, err := r.History(t.Context(), ada, room, chat.PageRequest{Limit: 1})
				return err
			}
			_, err := r.Who(t.Context(), ada, room, "")
			return err
		})
		if n != 50 {
			t.Errorf("%d were allowed, want 50", n)
		}
		r.say(ada, "one may speak all the same", "")
		if _, err := r.History(t.Context(), bob, room, chat.PageRequest{Limit: 1}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		if _, err := r.Ping(t.Context(), ada, []string{room}); err != nil {
			t.Errorf("ping: %v", err)
		}
	})
}

// TestResumeIsNotRefused: a client comes back to as many rooms as it may be in and pages through what it missed, with
// two connections of its user, within a minute of the default limit, speaking meanwhile.
func TestResumeIsNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.Limit = domain.RateLimit{Quotas: new(memory.Quotas), PerMinute: 120}
		for range 2 {
			ada := r.connect("ada")
			for i := range chat.MaxRooms {
				name := fmt.Sprint("r", i)
				_, err := r.Join(t.Context(), ada, name, nil)
				r.wantNil(err)
				for range 10 {
					_, err := r.History(t.Context(), ada, name, chat.PageRequest{Limit: chat.MaxPage})
					r.wantNil(err)
				}
				_, err = r.Say(t.Context(), ada, name, quoted("back"), "")
				r.wantNil(err)
			}
		}
	})
}
