package chat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestBeforeTheFuture: a position beyond the end is as good as the end, and reading there writes nothing that a later
// message would find in its place.
func TestBeforeTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada := r.member("ada")
		for i := range 3 {
			r.say(ada, fmt.Sprint(i), "")
		}
		time.Sleep(time.Minute)
		for _, position := range []int64{4, 5, 100, 1 << 53} {
			if _, got := r.history(ada, before(position)); got != "[1 2 3] false" {
				t.Errorf("before %d: %s", position, got)
			}
		}
		for _, position := range []int64{1, 0} {
			if _, got := r.history(ada, before(position)); got != "[] false" {
				t.Errorf("before %d: %s", position, got)
			}
		}
		if said := r.say(ada, "3", ""); said.Seq != 4 {
			t.Errorf("said %+v", said)
		}
	})
}

// TestMoreEndsWithWhatLives: a page that reaches back to what has expired says that there is nothing before it.
func TestMoreEndsWithWhatLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, _ := asleep(t)
		r.say(ada, "51", "")
		r.say(ada, "52", "")
		time.Sleep(time.Minute)
		for _, test := range []struct {
			limit int
			want  string
		}{{1, "[52] true"}, {3, "[51 52] false"}, {10, "[51 52] false"}} {
			if _, got := r.history(ada, chat.PageRequest{Limit: test.limit}); got != test.want {
				t.Errorf("the newest %d: %s, want %s", test.limit, got, test.want)
			}
		}
	})
}

// TestHoleAfterTheExpired does not make a page whole whose beginning has expired.
func TestHoleAfterTheExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ada, epoch := asleep(t)
		r.say(ada, "51", "")
		r.log.next(killed)
		_, _ = r.Say(t.Context(), ada, room, quoted("52"), "")
		r.say(ada, "53", "")
		time.Sleep(time.Minute)
		r.wantJoined(ada, &chat.Resume{Epoch: epoch, After: 49}, "false [51 52v 53] false")
		r.wantJoined(ada, &chat.Resume{Epoch: epoch, After: 50}, "true [51 52v 53] false")
	})
}

// TestReadsBehindALivingMessage: where a page has one, or begins after one, nobody has to look whether what is missing
// behind it has expired.
func TestReadsBehindALivingMessage(t *testing.T) {
	for name, at := range map[string]chat.PageRequest{"after it": after(51), "with it": {Limit: 3}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, ada, _ := asleep(t)
				r.say(ada, "51", "")
				r.log.next(killed)
				_, _ = r.Say(t.Context(), ada, room, quoted("52"), "")
				r.say(ada, "53", "")
				time.Sleep(time.Minute)
				r.log.reads.Store(0)
				page, _ := r.history(ada, at)
				if n, all := r.log.reads.Load(), numbers(page.Messages); n != 1 || !slices.Contains(all, "52v") {
					t.Errorf("%d reads for %v", n, all)
				}
			})
		})
	}
}

// TestEpochs: positions of the epoch that lasts are good, whoever says so; those of another one are answered with all
// that it takes to begin again.
func TestEpochs(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	epoch := r.say(ada, "one", "").Epoch
	r.say(ada, "two", "")
	at := after(1)
	at.Epoch = &epoch
	if _, got := r.history(ada, at); got != "[2] false" {
		t.Errorf("of this epoch: %s", got)
	}
	other := "another"
	at.Epoch, at.Limit = &other, 1
	_, err := r.History(t.Context(), ada, room, at)
	details := domain.Refusal(err).Details
	newest, _ := details["messages"].([]chat.Message)
	if details["epoch"] != epoch || details["seq"] != int64(2) || fmt.Sprint(numbers(newest)) != "[2]" || details["more"] != true {
		t.Errorf("of another: %v, %v", err, details)
	}
}

// TestEpochWithoutATime: of an epoch that is no UUID nobody knows the age, so what is missing at its beginning is taken
// for expired, as it would be in an old one.
func TestEpochWithoutATime(t *testing.T) {
	for _, epoch := range []string{"lobby-1", "ffffffffffff-1", strings.Repeat("z", 32)} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.NewID = func() string { return epoch }
			ada := r.member("ada")
			r.say(ada, "1", "")
			r.NewID = r.newID
			time.Sleep(25 * time.Hour)
			r.say(ada, "2", "")
			time.Sleep(time.Minute)
			r.wantJoined(ada, &chat.Resume{Epoch: epoch}, "false [2] false")
			if stored := r.stored(); len(stored) != 1 {
				t.Errorf("stored: %+v", stored)
			}
		})
	}
}

// TestPageOfMiddlingMessages: what a message takes beside its data counts too.
func TestPageOfMiddlingMessages(t *testing.T) {
	r := newRig(t)
	ada := r.member(strings.Repeat("a", 64))
	for range chat.MaxPage {
		r.say(ada, strings.Repeat("x", 1000), "")
	}
	for name, at := range map[string]chat.PageRequest{"forwards": after(0), "backwards": {}} {
		page, _ := r.history(ada, at)
		text, err := json.Marshal(page)
		if err != nil || len(text) > 110<<10 || len(page.Messages) < 50 || !page.More {
			t.Errorf("%s: %d messages in %d bytes, more %v, %v", name, len(page.Messages), len(text), page.More, err)
		}
	}
}

// TestPagesOfAnswersThatAreCut: what an answer does not hold is not taken for holes, which a reader would fill, nor for
// messages that are being written, but follows on the next page.
func TestPagesOfAnswersThatAreCut(t *testing.T) {
	for name, age := range map[string]time.Duration{"just written": 0, "old enough to be filled": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.log.AnswerBytes = 3 * len(`"0"`)
				ada := r.member("ada")
				for i := range 10 {
					r.say(ada, fmt.Sprint(i), "")
				}
				time.Sleep(age)
				r.log.refusedUntil = time.Now().Add(time.Hour) // So that nothing can be filled.
				for direction, read := range map[string]func(domain.Caller, int) []chat.Message{"forwards": r.forwards, "backwards": r.backwards} {
					if got := fmt.Sprint(numbers(read(ada, chat.MaxPage))); got != "[1 2 3 4 5 6 7 8 9 10]" {
						t.Errorf("%s: %s", direction, got)
					}
				}
			})
		})
	}
}
