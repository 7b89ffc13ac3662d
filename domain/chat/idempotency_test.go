package chat_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestSameKeyRaces sends the same message with the same key a hundred times at once, over two connections: it is
// stored once, everybody is told so, and the numbers that were taken in vain are void at once.
func TestSameKeyRaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 100
		r := newRig(t)
		devices := []domain.Caller{r.member("ada"), r.member("ada")}
		// Every writer has looked for the key and taken its number before the first one writes.
		var arrived sync.WaitGroup
		arrived.Add(n)
		hooks := make([]hook, n)
		for i := range hooks {
			hooks[i] = func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
				arrived.Done()
				arrived.Wait()
				return write()
			}
		}
		r.log.next(hooks...)
		var racing sync.WaitGroup
		said := make([]chat.Said, n)
		for i := range n {
			racing.Go(func() { said[i] = r.say(devices[i%2], "once", key) })
		}
		racing.Wait()
		seq := r.wantOnce("once")
		for _, s := range said {
			if s != said[0] || s.Seq != seq {
				t.Errorf("said %+v and %+v; it stands at %d", said[0], s, seq)
			}
		}
		if stored := r.stored(); len(stored) != n {
			t.Errorf("%d of %d places are filled at once", len(stored), n)
		}
	})
}

func TestKeyForAnotherMessage(t *testing.T) {
	r := newRig(t)
	ada, bob := r.member("ada"), r.member("bob")
	first := r.say(ada, "one", key)
	if _, err := r.Say(t.Context(), ada, room, quoted("two"), key); domain.Refusal(err).Code != domain.Conflict {
		t.Errorf("the same key for another text: %v", err)
	}
	if _, err := r.Tell(t.Context(), ada, chat.Recipient{User: "bob"}, quoted("one"), key); domain.Refusal(err).Code != domain.Conflict {
		t.Errorf("the same key for a direct message: %v", err)
	}
	_, err := r.registry.Enter(t.Context(), ada.Connection, chat.Audience("elsewhere"), chat.MaxRooms)
	r.wantNil(err)
	_, err = r.Say(t.Context(), ada, "elsewhere", quoted("one"), key)
	wantRefusal(t, "the same key for the same text in another room", err, domain.Conflict)
	if said := r.say(bob, "two", key); said.Seq != first.Seq+1 {
		t.Errorf("another user's same key: %+v", said)
	}
	if stored := r.stored(); len(stored) != 2 {
		t.Errorf("%d entries are stored", len(stored))
	}
}

// TestRepetitionIsRelayedOnce, unless whoever said it first died before it was: then the repetition makes sure.
func TestRepetitionIsRelayedOnce(t *testing.T) {
	for name, dies := range map[string]bool{"it was relayed": false, "it was not": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			ada, bob := r.member("ada"), r.member("bob")
			if dies {
				r.relays.Relays = leaseless{r.log}
			}
			said := r.say(ada, "one", key)
			if pushes := r.received(bob); (len(pushes) == 0) != dies {
				t.Errorf("at first received %v", pushes)
			}
			r.relays.Relays = r.log
			r.say(ada, "one", key)
			if pushes := r.received(bob); dies && (len(pushes) != 1 || fmt.Sprint(lines(pushes)) != "[1]") || !dies && pushes != nil {
				t.Errorf("received %v, said %+v", pushes, said)
			}
		})
	}
}

// TestKeysExpire after a day.
func TestKeysExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.HistoryDays = 7
		ada := r.member("ada")
		r.say(ada, "one", key)
		time.Sleep(chat.IdempotencyKeyLife - time.Second)
		if said := r.say(ada, "one", key); said.Seq != 1 {
			t.Errorf("within a day: %+v", said)
		}
		time.Sleep(2 * time.Second)
		if said := r.say(ada, "two", key); said.Seq != 2 {
			t.Errorf("after a day: %+v", said)
		}
	})
}

// forgetful keys cannot be read.
type forgetful struct{ chat.IdempotencyKeys }

// Find implements chat.IdempotencyKeys.
func (forgetful) Find(context.Context, string, string) (chat.Sent, error) {
	return chat.Sent{}, domain.ErrUnavailable
}

// TestUnreadableKeyTakesNoNumber: whether the message is new is not known, so nothing is done.
func TestUnreadableKeyTakesNoNumber(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.IdempotencyKeys = forgetful{r.log}
	_, err := r.Say(t.Context(), ada, room, quoted("one"), key)
	wantRefusal(t, "a key that cannot be read", err, domain.Unavailable)
	if head, err := r.log.Head(t.Context(), room); err != nil || head.Seq != 0 {
		t.Errorf("the head is %+v, %v", head, err)
	}
}

// TestKeyBeforeItsEntry: a reader may see the one of two rows that are written together before it sees the other.
// That is over at once, so the sender is told to repeat it.
func TestKeyBeforeItsEntry(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	first := r.say(ada, "one", key)
	r.Log = unseen{r.log}
	_, err := r.Say(t.Context(), ada, room, quoted("one"), key)
	wantRefusal(t, "before the entry is seen", err, domain.Unavailable)
	_, err = r.Say(t.Context(), ada, room, quoted("two"), key)
	wantRefusal(t, "another text", err, domain.Conflict)
	r.Log = r.log
	if again := r.say(ada, "one", key); again != first {
		t.Errorf("repeated: %+v, want %+v", again, first)
	}
}

// unseen is a log whose entries are not seen yet.
type unseen struct{ chat.Log }

// Read implements chat.Log.
func (unseen) Read(context.Context, string, string, chat.Range) ([]chat.Entry, bool, error) {
	return nil, false, nil
}

// headless is a log whose head is not to be had at the moment.
type headless struct{ chat.Log }

// Head implements chat.Log.
func (headless) Head(context.Context, string) (chat.Head, error) {
	return chat.Head{}, domain.ErrUnavailable
}

// TestRepetitionWithoutAHead is answered, since the message is stored; the log says from where on the room may wait.
func TestRepetitionWithoutAHead(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.say(ada, "one", "")
	first := r.say(ada, "two", key)
	r.Log = headless{r.log}
	log := r.logged()
	if again := r.say(ada, "two", key); again != first {
		t.Errorf("repeated: %+v, want %+v", again, first)
	}
	if want := "room=" + room + " relayed=1 cause="; !strings.Contains(log.String(), want) {
		t.Errorf("logged %q, want %q", log, want)
	}
}
