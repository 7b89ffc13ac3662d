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

// TestPagesBothWays reads a log with holes in pages of all sizes, forwards and backwards: everything is on exactly one
// page, voids included.
func TestPagesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 25
		r := newRig(t)
		ada := r.member("ada")
		for seq := 1; seq <= n; seq++ {
			if seq%7 == 1 || seq == n {
				r.log.next(killed)
				_, _ = r.Say(t.Context(), ada, room, quoted("lost"), "")
			} else {
				r.say(ada, fmt.Sprint(seq), "")
			}
		}
		time.Sleep(3 * time.Second)
		want := numbers(r.forwards(ada, n))
		if len(want) != n || want[0] != "1v" || want[n-1] != "25v" {
			t.Errorf("all: %v", want)
		}
		for limit := 1; limit <= n; limit++ {
			if got := numbers(r.forwards(ada, limit)); !slices.Equal(got, want) {
				t.Errorf("forwards by %d: %v", limit, got)
			}
			if got := numbers(r.backwards(ada, limit)); !slices.Equal(got, want) {
				t.Errorf("backwards by %d: %v", limit, got)
			}
		}
	})
}

// forwards reads all pages from the beginning.
func (r *rig) forwards(who domain.Caller, limit int) (all []chat.Message) {
	for more := true; more; {
		at := after(int64(len(all)))
		at.Limit = limit
		page, _ := r.history(who, at)
		all = append(all, r.checked(page, limit)...)
		more = page.More
	}
	return all
}

// backwards reads all pages from the end.
func (r *rig) backwards(who domain.Caller, limit int) (all []chat.Message) {
	at := chat.PageRequest{Limit: limit}
	for more := true; more; {
		page, _ := r.history(who, at)
		all = append(r.checked(page, limit), all...)
		more, at.Before = page.More, &all[0].Seq
	}
	return all
}

// checked wants a page to be within the limits, and not empty.
func (r *rig) checked(page chat.History, limit int) []chat.Message {
	r.t.Helper()
	text, err := json.Marshal(page)
	r.wantNil(err)
	if len(text) > 110<<10 || len(page.Messages) > limit || len(page.Messages) == 0 {
		r.t.Fatalf("a page of %d messages, %d bytes", len(page.Messages), len(text))
	}
	return page.Messages
}

// TestPagesAreCutByBytes: of large messages fewer are on a page, and none is left out.
func TestPagesAreCutByBytes(t *testing.T) {
	r := newRig(t)
	ada := r.member(strings.Repeat("a", 64))
	const n = 130
	for i := range n {
		r.say(ada, strings.Repeat("x", []int{32_000, 10, 900}[i%3]), "")
	}
	for direction, read := range map[string]func(domain.Caller, int) []chat.Message{"forwards": r.forwards, "backwards": r.backwards} {
		all := read(ada, chat.MaxPage)
		if len(all) != n || all[0].Seq != 1 || all[n-1].Seq != n {
			t.Errorf("%s: %d messages", direction, len(all))
		}
	}
	for _, resume := range []*chat.Resume{nil, {}} {
		joined, err := r.Join(t.Context(), ada, room, resume)
		r.wantNil(err)
		text, _ := json.Marshal(joined)
		if len(text) > 120<<10 || len(joined.Messages) == 0 || !joined.More || joined.Recovered == (resume == nil) {
			t.Errorf("join: %d bytes, %d messages, more %v, recovered %v", len(text), len(joined.Messages), joined.More, joined.Recovered)
		}
	}
}

// TestOldestOfAPageDoesNotFit: the last message that is looked at counts like all the others.
func TestOldestOfAPageDoesNotFit(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	for range 4 {
		r.say(ada, strings.Repeat("x", 32_000), "")
	}
	for want, at := range map[string]chat.PageRequest{"[2 3 4] true": {}, "[1 2 3] true": after(0)} {
		if _, got := r.history(ada, at); got != want {
			t.Errorf("%s: %s, want %s", shown(at), got, want)
		}
	}
}

// TestPageSize: a join brings at most a page, and says on which side there is more.
func TestPageSize(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	for i := range chat.MaxPage + 1 {
		r.say(ada, fmt.Sprint(i), "")
	}
	newest, err := r.Join(t.Context(), ada, room, nil)
	r.wantNil(err)
	resumed, err := r.Join(t.Context(), ada, room, &chat.Resume{})
	r.wantNil(err)
	if len(newest.Messages) != chat.MaxPage || newest.Messages[0].Seq != 2 || !newest.More || newest.Recovered {
		t.Errorf("newest: %v, more %v", numbers(newest.Messages), newest.More)
	}
	if len(resumed.Messages) != chat.MaxPage || resumed.Messages[0].Seq != 1 || !resumed.More || !resumed.Recovered {
		t.Errorf("resumed: %v, more %v", numbers(resumed.Messages), resumed.More)
	}
	if _, got := r.history(ada, after(100)); got != "[101] false" {
		t.Errorf("the rest: %s", got)
	}
}
