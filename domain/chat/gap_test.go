package chat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// refuse has a log refuse all messages, and voids with them, for a while.
func (r *rig) refuse(lasts time.Duration) {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	r.log.refusedUntil = time.Now().Add(lasts)
}

// outage is a room of ten messages in which twenty speakers talk on while the log refuses writes for eight seconds:
// five numbers each are taken in vain, a hundred in a row. bob was there until the tenth message.
func outage(t *testing.T) (r *rig, bob domain.Caller, epoch string) {
	r = newRig(t)
	bob = r.member("bob")
	for i := range 10 {
		epoch = r.say(bob, fmt.Sprint(i), "").Epoch
	}
	r.refuse(8 * time.Second)
	var speaking sync.WaitGroup
	for i := range 20 {
		ada := r.member(fmt.Sprint("ada", i))
		speaking.Go(func() {
			for range 5 {
				_, _ = r.Say(t.Context(), ada, room, quoted("refused"), "")
				time.Sleep(1600 * time.Millisecond)
			}
			if _, err := r.registry.Leave(t.Context(), ada.ID, chat.Audience(room)); err != nil {
				t.Error(err)
			}
		})
	}
	speaking.Wait()
	return r, bob, epoch
}

// TestHolesBeforeAnHourOfTalk: a hole's age counts from the row that follows it, on whichever page that is, not from
// the head, which is always young where people talk.
func TestHolesBeforeAnHourOfTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, bob, epoch := outage(t)
		for range 3600 {
			r.say(bob, "on", "")
			time.Sleep(time.Second)
		}
		joined, err := r.Join(t.Context(), bob, room, &chat.Resume{Epoch: epoch, After: 10})
		r.wantNil(err)
		if !joined.Recovered || len(joined.Messages) != 100 || !joined.Messages[99].Void || !joined.More || joined.Seq != 3710 {
			t.Fatalf("join: recovered %v, %d messages, more %v, head %d", joined.Recovered, len(joined.Messages), joined.More, joined.Seq)
		}
		at, pages := joined.Messages[99].Seq, 0
		for more := true; more && pages < 100; pages++ {
			page, _ := r.history(bob, after(at))
			if more = page.More; len(page.Messages) > 0 {
				at = page.Messages[len(page.Messages)-1].Seq
			}
		}
		if at != 3710 || pages != 36 {
			t.Errorf("at %d after %d pages", at, pages)
		}
	})
}

// TestHoleAtTheEndOfAPage is followed by a row of another page.
func TestHoleAtTheEndOfAPage(t *testing.T) {
	for _, test := range []struct {
		at   chat.PageRequest
		want string
	}{
		{before(101), "100v false"},
		{chat.PageRequest{After: before(99).Before, Limit: 1}, "100v true"},
		{chat.PageRequest{Before: before(101).Before, Limit: 1}, "100v true"},
	} {
		t.Run(shown(test.at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				bob := r.member("bob")
				for i := range 99 {
					r.say(bob, fmt.Sprint(i), "")
				}
				r.log.next(killed)
				_, _ = r.Say(t.Context(), bob, room, quoted("hole"), "")
				for range 7 {
					r.say(bob, "on", "")
					page, got := r.history(bob, test.at)
					if young := time.Since(r.stored()[99].At) < 3*time.Second; young != (len(page.Messages) == 0) {
						t.Fatalf("%v after the row that follows: %s", time.Since(r.stored()[99].At), got)
					}
					time.Sleep(500 * time.Millisecond)
				}
				page, _ := r.history(bob, test.at)
				if all := numbers(page.Messages); len(all) == 0 || fmt.Sprint(all[len(all)-1], " ", page.More) != test.want {
					t.Errorf("at last %v %v", all, page.More)
				}
			})
		})
	}
}

// TestYoungHoleBehindAnOldMessage: what stands before a hole says nothing of its age. Its writer would find a void there.
func TestYoungHoleBehindAnOldMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		r.say(ada, "1", "")
		time.Sleep(time.Minute)
		r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
			time.Sleep(time.Second)
			return write()
		})
		var writing sync.WaitGroup
		writing.Go(func() {
			if said := r.say(ada, "2", ""); said.Seq != 2 {
				t.Errorf("the writer lost its place: %+v", said)
			}
		})
		synctest.Wait()
		r.say(bob, "3", "")
		if _, got := r.history(bob, chat.PageRequest{After: before(1).Before, Limit: 1}); got != "[] true" {
			t.Errorf("a page that ends with the hole: %s", got)
		}
		writing.Wait()
		if _, got := r.history(bob, after(1)); got != "[2 3] false" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

// TestNothingFollowsTheHoles: while no message gets into a room where people try, there is nothing to be read behind
// its holes. The first one that does dates them all; if nobody tries any more, the head is old soon.
func TestNothingFollowsTheHoles(t *testing.T) {
	for _, again := range []bool{true, false} {
		t.Run(fmt.Sprint("somebody speaks again: ", again), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, bob, _ := outage(t)
				for _, limit := range []int{chat.MaxPage, 50} { // Up to the head, and a page that ends among the holes.
					if page, got := r.history(bob, chat.PageRequest{After: before(10).Before, Limit: limit}); len(page.Messages) > 0 || !page.More {
						t.Errorf("during the outage: %s", got)
					}
				}
				if again {
					r.say(bob, "again", "")
				}
				time.Sleep(3 * time.Second)
				page, got := r.history(bob, after(10))
				if len(page.Messages) != 100 || !page.Messages[99].Void || page.More != again {
					t.Errorf("afterwards: %s", got)
				}
			})
		})
	}
}

// TestWakingRoom: in a room where nobody spoke for longer than messages are kept, a message that is being written is
// not taken for one that has expired.
func TestWakingRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, epoch := asleep(t)
		resume := &chat.Resume{Epoch: epoch, After: 50}
		r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
			time.Sleep(2 * time.Second)
			return write()
		})
		var speaking sync.WaitGroup
		speaking.Go(func() { r.say(ada, "first", "") })
		synctest.Wait()
		r.wantJoined(ada, resume, "true [] true")
		r.wantJoined(ada, nil, "false [] false")
		r.say(ada, "second", "")
		r.wantJoined(ada, resume, "true [] true")
		r.wantJoined(ada, nil, "false [] false")
		if _, got := r.history(ada, before(53)); got != "[52] true" {
			t.Errorf("before the end: %s", got)
		}
		speaking.Wait()
		r.wantJoined(ada, resume, "true [51 52] false")
		time.Sleep(3 * time.Second)
		r.wantJoined(ada, resume, "true [51 52] false")
		r.wantJoined(ada, &chat.Resume{Epoch: epoch, After: 49}, "false [51 52] false")
		r.wantJoined(ada, nil, "false [51 52] false")
	})
}

// asleep is a room of fifty messages, all of which have expired.
func asleep(t *testing.T) (r *rig, ada domain.Caller, epoch string) {
	r = newRig(t)
	ada = r.member("ada")
	for i := range 50 {
		epoch = r.say(ada, fmt.Sprint(i), "").Epoch
	}
	time.Sleep(25 * time.Hour)
	return r, ada, epoch
}

// TestLateWriterInAWakingRoom: the head itself tells when the last number was taken, so its place is a hole however
// long the silence was, and a writer that comes too late finds a void.
func TestLateWriterInAWakingRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, epoch := asleep(t)
		resume := &chat.Resume{Epoch: epoch, After: 50}
		r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
			time.Sleep(4 * time.Second)
			r.wantJoined(ada, resume, "true [51v] false")
			r.wantJoined(ada, nil, "false [51v] false")
			r.wantJoined(ada, &chat.Resume{Epoch: epoch, After: 49}, "false [51v] false")
			return write()
		})
		if said := r.say(ada, "late", ""); said.Seq != 52 {
			t.Errorf("said %+v", said)
		}
		r.wantJoined(ada, resume, "true [51v 52] false")
	})
}

// TestReadsOfAPage: what follows a page is read only where its last places are empty, once for all of them.
func TestReadsOfAPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, bob, _ := outage(t)
		for range 200 {
			r.say(bob, "on", "")
		}
		time.Sleep(3 * time.Second)
		for _, test := range []struct {
			name string
			at   chat.PageRequest
			want int64
		}{
			{"fifty holes at the end", chat.PageRequest{After: before(10).Before, Limit: 50}, 2},
			{"the same, filled", chat.PageRequest{After: before(10).Before, Limit: 50}, 1},
			{"fifty holes at the beginning", after(60), 1},
			{"no holes", before(200), 1},
			{"the newest", chat.PageRequest{}, 1},
		} {
			r.log.reads.Store(0)
			r.history(bob, test.at)
			if n := r.log.reads.Load(); n != test.want {
				t.Errorf("%s: %d reads, want %d", test.name, n, test.want)
			}
		}
	})
}

// TestVoidsLiveAsLongAsTheirNeighbours: a void that outlived the messages behind it would have them taken for holes
// when they have expired.
func TestVoidsLiveAsLongAsTheirNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada := r.member("ada")
		r.say(ada, "1", "")
		r.log.next(killed)
		_, _ = r.Say(t.Context(), ada, room, quoted("2"), "")
		r.say(ada, "3", "")
		time.Sleep(23 * time.Hour)
		r.say(ada, "4", "")
		one := after(1)
		one.Limit = 1
		if _, got := r.history(ada, one); got != "[2v] true" {
			t.Errorf("the hole: %s", got)
		}
		time.Sleep(2 * time.Hour)
		_, err := r.History(t.Context(), ada, room, pageAfter(2))
		wantRefusal(t, "after the void, when what follows it has expired", err, domain.UnrecoverablePosition)
	})
}

// pageAfter asks for a whole page.
func pageAfter(seq int64) chat.PageRequest {
	at := after(seq)
	at.Limit = chat.MaxPage
	return at
}

// TestReadBehindFails: an unknown age is no age.
func TestReadBehindFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, bob, _ := outage(t)
		r.say(bob, "on", "")
		time.Sleep(time.Minute)
		r.Log = brokenBehind{r.log}
		_, err := r.History(t.Context(), bob, room, pageAfter(10))
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("History: %v", err)
		}
	})
}

// brokenBehind is a log that returns whole pages only.
type brokenBehind struct{ chat.Log }

// Read implements chat.Log.
func (l brokenBehind) Read(ctx context.Context, room, epoch string, r chat.Range) ([]chat.Entry, bool, error) {
	if r.Limit == 1 {
		return nil, false, domain.ErrUnavailable
	}
	return l.Log.Read(ctx, room, epoch, r)
}
