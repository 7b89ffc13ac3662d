package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// brokenRegistry does not answer.
type brokenRegistry struct{ domain.Registry }

// Get implements domain.Registry.
func (brokenRegistry) Get(context.Context, string) (domain.Connection, error) {
	return domain.Connection{}, domain.ErrUnavailable
}

// Members implements domain.Registry.
func (brokenRegistry) Members(context.Context, domain.Audience, domain.Span, int) (domain.Page, error) {
	return domain.Page{}, domain.ErrUnavailable
}

// told returns the announcements that a connection got since the last time.
func (r *rig) told(who domain.Caller) string {
	r.work()
	var all []string
	for _, push := range r.received(who) {
		all = append(all, fmt.Sprint(push["type"], " ", push["room"], " ", push["user"], " ", push["connection"]))
	}
	return fmt.Sprint(all)
}

// TestPresence is told for each connection once: when it joins for the first time, and when it leaves or ends.
func TestPresence(t *testing.T) {
	r := newRig(t)
	bob, phone, laptop, anonymous := r.member("bob"), r.connect("ada"), r.connect("ada"), r.connect("")
	closer := domain.Closer{
		Registry: r.registry, Memberships: r.registry, OnLeave: chat.Announcer{Queue: r, NewID: r.newID}.AnnounceLeave,
	}
	join := func(who domain.Caller) error { _, err := r.Join(t.Context(), who, room, nil); return err }
	leave := func(who domain.Caller) error { _, err := r.Leave(t.Context(), who, room); return err }
	end := func(who domain.Caller) error { return closer.Close(t.Context(), who.ID) }
	for i, step := range []struct {
		do   func(domain.Caller) error
		who  domain.Caller
		want string
	}{
		{join, phone, "joined"}, {join, phone, ""}, {join, laptop, "joined"}, {join, anonymous, "joined"},
		{leave, phone, "left"}, {leave, phone, ""}, {end, phone, ""},
		{end, laptop, "left"}, {end, laptop, ""}, {end, anonymous, "left"},
	} {
		r.wantNil(step.do(step.who))
		want := "[]"
		if step.want != "" {
			want = fmt.Sprintf("[%s %s %s %s]", step.want, room, step.who.Name(), step.who.ID)
		}
		if got := r.told(bob); got != want {
			t.Errorf("step %d: bob was told %s, want %s", i, got, want)
		}
		if got := r.told(step.who); strings.Contains(got, step.who.ID) {
			t.Errorf("step %d: it was told %s of itself", i, got)
		}
	}
}

// TestPresenceInLargeRooms: from 101 connections on nobody is told, and who asks gets pages.
func TestPresenceInLargeRooms(t *testing.T) {
	r := newRig(t)
	first := r.member("user0")
	for i := range 98 {
		r.member(fmt.Sprint("user", i%10))
	}
	hundredth, next := r.connect("ada"), r.connect("bob")
	joined, err := r.Join(t.Context(), hundredth, room, nil)
	if err != nil || len(joined.Members) != 11 || total(joined.Members) != 100 {
		t.Errorf("the 100th: %v, %v", joined.Members, err)
	}
	if got := r.told(first); got == "[]" {
		t.Error("nobody was told of the 100th")
	}
	joined, err = r.Join(t.Context(), next, room, nil)
	if err != nil || joined.Members != nil {
		t.Errorf("the 101st: %v, %v", joined.Members, err)
	}
	if got := r.told(first); got != "[]" {
		t.Errorf("of the 101st was told: %s", got)
	}
	_, err = r.Leave(t.Context(), next, room)
	r.wantNil(err)
	if got := r.told(first); got == "[]" {
		t.Error("nobody was told that the 101st left, and there are 100 again")
	}
}

// sparse is a registry whose pages have one member, as where others have expired. It notes how many it was asked for.
type sparse struct {
	domain.Registry
	asked []int
}

// Members implements domain.Registry.
func (s *sparse) Members(ctx context.Context, a domain.Audience, span domain.Span, limit int) (domain.Page, error) {
	s.asked = append(s.asked, limit)
	return s.Registry.Members(ctx, a, span, min(limit, 1))
}

// TestListOfShortPages asks for as many as are still to be seen of 101: the store bills for all that it returns.
func TestListOfShortPages(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.member("bob")
	registry := &sparse{Registry: r.registry}
	r.Registry = registry
	joined, err := r.Join(t.Context(), ada, room, nil)
	if err != nil || len(joined.Members) != 2 || fmt.Sprint(registry.asked) != "[101 100]" {
		t.Errorf("%v, %v; it asked for %v", joined.Members, err, registry.asked)
	}
}

func total(members []chat.Present) (connections int) {
	for _, m := range members {
		connections += m.Connections
	}
	return connections
}

// TestWhoInPages counts 250 connections of 50 users.
func TestWhoInPages(t *testing.T) {
	r := newRig(t)
	var ada domain.Caller
	for i := range 250 {
		ada = r.member(fmt.Sprint("user", i%50))
	}
	connections, pages := map[string]int{}, 0
	for cursor, more := "", true; more; pages++ {
		page, err := r.Who(t.Context(), ada, room, cursor)
		r.wantNil(err)
		if n := total(page.Members); n > 100 || n == 0 {
			t.Errorf("a page of %d connections", n)
		}
		for _, m := range page.Members {
			connections[m.User] += m.Connections
		}
		cursor, more = page.Cursor, page.Cursor != ""
	}
	for user, n := range connections {
		if n != 5 {
			t.Errorf("%s has %d connections", user, n)
		}
	}
	if len(connections) != 50 || pages != 3 {
		t.Errorf("%d users on %d pages", len(connections), pages)
	}
	for _, cursor := range []string{"x", "0", "zzzz-zzzz", `{"first":1}`} {
		_, err := r.Who(t.Context(), ada, room, cursor)
		wantRefusal(t, "cursor "+cursor, err, domain.BadRequest)
	}
}
