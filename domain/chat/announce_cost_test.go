package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestLeaveAndJoinAreToldOnce: what has come to nothing by the time that it could be told is not told again and again.
func TestLeaveAndJoinAreToldOnce(t *testing.T) { synctest.Test(t, leaveAndJoinAreToldOnce) }

func leaveAndJoinAreToldOnce(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.member("ada")
	r.leave(ada)
	r.join(ada)
	r.wantEvents(bob, ada, "joined joined")
}

// undeleting memberships can't be ended.
type undeleting struct{ domain.Memberships }

func (undeleting) Evict(context.Context, string, domain.Audience) error {
	return fmt.Errorf("%w: throttled", domain.ErrUnavailable)
}

// TestStoreThatDeletesNothing does not make announcements of announcements: a closer tells before it deletes, and those
// who tell find the next one gone.
func TestStoreThatDeletesNothing(t *testing.T) { synctest.Test(t, storeThatDeletesNothing) }

func storeThatDeletesNothing(t *testing.T) {
	const crowd, rounds = 10, 4
	r := newRig(t)
	var all []domain.Caller
	for i := range crowd {
		all = append(all, r.member(fmt.Sprint("user", i)))
	}
	time.Sleep(time.Minute)
	for _, who := range all {
		r.vanish(who)
	}
	r.FanOut.Closer = domain.Closer{
		Registry: r.registry, Memberships: undeleting{r.registry}, OnLeave: chat.Announcer{Queue: r, NewID: r.newID}.AnnounceLeave,
	}
	_ = r.FanOut.Closer.Close(t.Context(), all[0].ID)
	for range rounds {
		r.work()
	}
	if n := len(r.queued); n > 1 {
		t.Errorf("one hang-up made %d announcements in %d rounds", n, rounds)
	}
}

// TestFinalThatIsNotTrueYet is repeated a few times, however often its posts are: a closer died between its two steps.
func TestFinalThatIsNotTrueYet(t *testing.T) { synctest.Test(t, finalThatIsNotTrueYet) }

func finalThatIsNotTrueYet(t *testing.T) {
	r := newRig(t)
	bob, ada := r.member("bob"), r.member("ada")
	r.FanOut.Sender = deafened{r, bob.ID}
	r.wantNil(chat.Announcer{Queue: r, NewID: r.newID}.AnnounceLeave(t.Context(), ada.Connection, chat.Audience(room)))
	runs := 0
	r.FanOut.Ran = func(domain.Delivery, domain.Report) { runs++ }
	r.workAll()
	if most := 400; runs == 0 || runs > most {
		t.Errorf("it took %d runs, want %d at most", runs, most)
	}
}

// deafened is a sender that reaches all but one.
type deafened struct {
	*rig
	id string
}

// Send implements domain.Sender.
func (d deafened) Send(ctx context.Context, id string, data []byte) error {
	if id == d.id {
		return domain.ErrThrottled
	}
	return d.rig.Send(ctx, id, data)
}
