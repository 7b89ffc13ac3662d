package chat_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

const key = "0123456789abcdef"

// TestKilledWriter kills a writer between its number and its message. Readers must get past the hole within five
// seconds, and the sender's repetition must store the message once.
func TestKilledWriter(t *testing.T) {
	tests := []struct {
		name string
		dies hook
		// others speak after the one who dies.
		others int
		want   string
		// again is the number that the repetition has.
		again int64
	}{
		{"before writing, as the last one", killed, 0, "[1 2v] false", 3},
		{"before writing, and others go on", killed, 2, "[1 2v 3 4] false", 5},
		{"after writing", unheard, 2, "[1 2 3 4] false", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				ada, bob := r.member("ada"), r.member("bob")
				r.say(bob, "before", "")
				r.log.next(test.dies)
				if _, err := r.Say(t.Context(), ada, room, quoted("mine"), key); !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("the killed writer's Say = %v", err)
				}
				for i := range test.others {
					r.say(bob, fmt.Sprint("after ", i), "")
				}
				if waited := r.until(bob, test.want); waited > 5*time.Second {
					t.Errorf("readers waited for %v", waited)
				}
				for range 2 {
					if said := r.say(ada, "mine", key); said.Seq != test.again || r.wantOnce("mine") != test.again {
						t.Errorf("repeated: %+v, want %d", said, test.again)
					}
				}
			})
		})
	}
}

// until reads the whole history until it is as wanted, and returns how long that took.
func (r *rig) until(who domain.Caller, want string) time.Duration {
	r.t.Helper()
	start := time.Now()
	for time.Since(start) < time.Minute {
		if _, got := r.history(who, after(0)); got == want {
			return time.Since(start)
		}
		time.Sleep(100 * time.Millisecond)
	}
	_, got := r.history(who, after(0))
	r.t.Fatalf("the history stays %s, want %s", got, want)
	return 0
}

// TestHoleInABusyRoom: others who go on speaking do not keep it young.
func TestHoleInABusyRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		r.log.next(killed)
		_, _ = r.Say(t.Context(), ada, room, quoted("hole"), "")
		for range 10 {
			r.say(bob, "on", "")
			time.Sleep(500 * time.Millisecond)
		}
		if page, got := r.history(bob, after(0)); len(page.Messages) != 11 || !page.Messages[0].Void {
			t.Errorf("after five seconds the history is %s", got)
		}
	})
}

// TestYoungHole is one whose writer may still come: the history stops there, on the side that was asked from, and
// says that there is more.
func TestYoungHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada := r.member("ada")
		for i := range 10 {
			if i == 4 {
				r.log.next(killed)
				_, _ = r.Say(t.Context(), ada, room, quoted("hole"), "")
			} else {
				r.say(ada, fmt.Sprint(i), "")
			}
		}
		for _, test := range []struct {
			at   chat.PageRequest
			want string
		}{
			{after(0), "[1 2 3 4] true"},
			{after(4), "[] true"},
			{after(5), "[6 7 8 9 10] false"},
			{before(9), "[6 7 8] true"},
			{before(6), "[] true"},
			{before(5), "[1 2 3 4] false"},
			{chat.PageRequest{}, "[1 2 3 4] false"},
		} {
			if _, got := r.history(ada, test.at); got != test.want {
				t.Errorf("%s: %s, want %s", shown(test.at), got, test.want)
			}
		}
		if n := len(r.stored()); n != 9 {
			t.Errorf("%d positions are filled", n)
		}
	})
}

func shown(at chat.PageRequest) string {
	switch {
	case at.After != nil:
		return fmt.Sprint("after ", *at.After)
	case at.Before != nil:
		return fmt.Sprint("before ", *at.Before)
	}
	return "newest"
}

// TestLateWriter has a writer that readers took for dead: whichever of void and message comes first stands.
func TestLateWriter(t *testing.T) {
	t.Run("the void is first: the message takes another place", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, ada := newLateRig(t)
			r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
				time.Sleep(3 * time.Second)
				if _, got := r.history(ada, after(0)); got != "[1v] false" {
					t.Errorf("history = %s", got)
				}
				return write()
			})
			if said := r.say(ada, "late", key); said.Seq != 2 || r.wantOnce("late") != 2 {
				t.Errorf("said %+v", said)
			}
		})
	})
	t.Run("the message is first: no void", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r, ada := newLateRig(t)
			r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
				time.Sleep(time.Minute)
				return write()
			})
			if said := r.say(ada, "late", key); said.Seq != 1 {
				t.Errorf("said %+v", said)
			}
			if _, got := r.history(ada, after(0)); got != "[1] false" {
				t.Errorf("history = %s", got)
			}
		})
	})
	t.Run("both at once: either, never both", func(t *testing.T) {
		for range 200 {
			synctest.Test(t, raceVoid)
		}
	})
}

func newLateRig(t *testing.T) (*rig, domain.Caller) {
	r := newRig(t)
	return r, r.member("ada")
}

// raceVoid lets a reader fill a hole at the moment at which its writer comes.
func raceVoid(t *testing.T) {
	r, ada := newLateRig(t)
	r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
		time.Sleep(3 * time.Second)
		return write()
	})
	var racing sync.WaitGroup
	var said chat.Said
	racing.Go(func() { said = r.say(ada, "late", key) })
	racing.Go(func() {
		time.Sleep(3 * time.Second)
		r.history(ada, after(0))
	})
	racing.Wait()
	if r.wantOnce("late") != said.Seq {
		t.Errorf("the ack says %d", said.Seq)
	}
	_, got := r.history(ada, after(0))
	if want := map[int64]string{1: "[1] false", 2: "[1v 2] false"}[said.Seq]; got != want {
		t.Errorf("said at %d, the history is %s", said.Seq, got)
	}
}

// TestAlwaysTooLate has somebody fill each place before its writer comes: the writer gives up at some time.
func TestAlwaysTooLate(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	late := func(e chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
		void := e
		void.Void, void.MessageID, void.Data = true, "", nil
		if _, err := r.log.Store.Write(t.Context(), room, void, nil); err != nil {
			return void, err
		}
		return write()
	}
	r.log.next(late, late, late, late, late, late, late, late)
	if said, err := r.Say(t.Context(), ada, room, quoted("late"), key); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Say = %+v, %v", said, err)
	}
	if head, err := r.log.Head(t.Context(), room); err != nil || head.Seq != 5 {
		t.Errorf("it tried %d places, %v; want 5", head.Seq, err)
	}
	r.log.next()
	r.say(ada, "late", key)
	r.wantOnce("late")
}

// TestPlaceOfSomebodyElse: what stands at a place counts, not that something does.
func TestPlaceOfSomebodyElse(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.log.next(func(e chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
		e.MessageID, e.Data = "other", quoted("theirs")
		if _, err := r.log.Store.Write(t.Context(), room, e, nil); err != nil {
			return e, err
		}
		return write()
	})
	if said := r.say(ada, "mine", ""); said.Seq != 2 || said.MessageID == "other" {
		t.Errorf("said %+v", said)
	}
	r.wantOnce("mine")
}
