package chat_test

import (
	"testing"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestWhatHistoryRepairs: a room's lines do not have to be retried, everything else has; and who is told by its
// connection has an end, like the members that a registry knows.
func TestWhatHistoryRepairs(t *testing.T) {
	r := newRig(t)
	ada, bob := r.member("ada"), r.connect("bob")
	var told domain.Delivery
	r.FanOut.Ran = func(d domain.Delivery, _ domain.Report) { told = d }
	_, err := r.Say(t.Context(), ada, room, quoted("psst"), "")
	if r.wantNil(err); !told.Repairable {
		t.Errorf("a line is sent as %+v", told)
	}
	_, err = r.Join(t.Context(), bob, room, nil)
	r.work()
	if r.wantNil(err); told.Repairable || told.Condition == nil {
		t.Errorf("who joined is announced as %+v", told)
	}
	_, err = r.Tell(t.Context(), ada, chat.Recipient{Connection: bob.ID}, quoted("psst"), "")
	if r.wantNil(err); told.Repairable || len(told.Members) != 1 || !told.Members[0].ExpiresAt.Equal(bob.ExpiresAt) {
		t.Errorf("a direct message is sent as %+v", told)
	}
}
