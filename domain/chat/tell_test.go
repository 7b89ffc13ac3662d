package chat_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestTell: a direct message reaches those it is for and nobody else, whatever rooms they are in.
func TestTell(t *testing.T) {
	r := newRig(t)
	ada, tab := r.connect("ada"), r.connect("ada")
	bob, phone, anonymous := r.connect("bob"), r.member("bob"), r.connect("")
	all := map[string]domain.Caller{"ada": ada, "tab": tab, "bob": bob, "phone": phone, "anonymous": anonymous}
	for _, test := range []struct {
		name    string
		to      chat.Recipient
		reached []string
	}{
		{"a user", chat.Recipient{User: "bob"}, []string{"bob", "phone"}},
		{"a connection", chat.Recipient{Connection: phone.ID}, []string{"phone"}},
		{"an anonymous connection", chat.Recipient{Connection: anonymous.ID}, []string{"anonymous"}},
		{"one's own other connections", chat.Recipient{User: "ada"}, []string{"tab"}},
		{"oneself", chat.Recipient{Connection: ada.ID}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ack, err := r.Tell(t.Context(), ada, test.to, quoted("psst"), "")
			if err != nil || ack.Sent != len(test.reached) || ack.MessageID == "" {
				t.Errorf("Tell = %+v, %v", ack, err)
			}
			for _, name := range test.reached {
				r.wantDirect(all[name], ada, ack.MessageID)
			}
			for name, who := range all {
				if pushes := r.received(who); pushes != nil {
					t.Errorf("%s received %v", name, pushes)
				}
			}
		})
	}
}

// wantDirect wants one direct message to have been received.
func (r *rig) wantDirect(who, from domain.Caller, messageID string) {
	r.t.Helper()
	pushes := r.received(who)
	if len(pushes) != 1 {
		r.t.Fatalf("received %v", pushes)
	}
	origin, _ := pushes[0]["from"].(map[string]any)
	if pushes[0]["type"] != "direct" || pushes[0]["messageId"] != messageID || pushes[0]["data"] != "psst" ||
		origin["user"] != from.Name() || origin["connection"] != from.ID {
		r.t.Errorf("received %v", pushes[0])
	}
}

func TestTellNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		expired := r.connect("bob")
		time.Sleep(domain.MaxLifetime)
		ada, anonymous := r.connect("ada"), r.connect("")
		for name, to := range map[string]chat.Recipient{
			"an unknown user":                 {User: "eve"},
			"a user who expired":              {User: "bob"},
			"an unknown connection":           {Connection: "nobody"},
			"a connection that expired":       {Connection: expired.ID},
			"no name of a user":               {User: "a b"},
			"the derived name of a nameless":  {User: anonymous.Name()},
			"a user named like an audience's": {User: "room:" + room},
		} {
			_, err := r.Tell(t.Context(), ada, to, quoted("psst"), "")
			wantRefusal(t, name, err, domain.RecipientNotFound)
			kind := "the user"
			if to.Connection != "" {
				kind = "the connection"
			}
			if message := domain.Refusal(err).Message; !strings.HasPrefix(message, kind) || !strings.Contains(message, to.Connection+to.User) {
				t.Errorf("%s: the refusal does not say who was not found: %q", name, message)
			}
		}
	})
}

// TestTellGone: whether a user is found depends on who is there, not on whether the end of a connection that is gone
// was handled already.
func TestTellGone(t *testing.T) {
	for name, reaped := range map[string]bool{"before its end is handled": false, "after its end was handled": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			ada, tab, bob, phone := r.connect("ada"), r.connect("ada"), r.connect("bob"), r.connect("bob")
			hangUp := func(who domain.Caller) {
				r.vanish(who)
				if reaped {
					r.wantNil(r.FanOut.Closer.Close(t.Context(), who.ID))
				}
			}
			hangUp(tab)
			hangUp(phone)
			if _, err := r.Tell(t.Context(), ada, chat.Recipient{User: "ada"}, quoted("psst"), ""); err != nil {
				t.Errorf("one's own user, who has no other connection: %v", err)
			}
			if ack, err := r.Tell(t.Context(), ada, chat.Recipient{User: "bob"}, quoted("psst"), ""); err != nil || ack.Sent != 1 {
				t.Errorf("a user with another connection: %+v, %v", ack, err)
			}
			hangUp(bob)
			_, err := r.Tell(t.Context(), ada, chat.Recipient{User: "bob"}, quoted("psst"), "")
			wantRefusal(t, "a user who is gone", err, domain.RecipientNotFound)
			_, err = r.Tell(t.Context(), ada, chat.Recipient{Connection: tab.ID}, quoted("psst"), "")
			wantRefusal(t, "one's own connection that is gone", err, domain.RecipientNotFound)
		})
	}
}

// TestTellHalfGone: a user is found of whose connections one is gone and others are there, though they may not get the
// message, or not yet.
func TestTellHalfGone(t *testing.T) {
	for name, test := range map[string]struct {
		fails []error // Of the connections that are there.
		want  domain.Ack
	}{
		"one that refuses the message":   {[]error{domain.ErrRefused}, domain.Ack{Gone: 1, Failed: 1}},
		"one that is throttled":          {[]error{domain.ErrThrottled}, domain.Ack{Gone: 1, Queued: true}},
		"one that has it, one refuses":   {[]error{nil, domain.ErrRefused}, domain.Ack{Sent: 1, Gone: 1, Failed: 1}},
		"one that has it, one throttled": {[]error{nil, domain.ErrThrottled}, domain.Ack{Sent: 1, Gone: 1, Queued: true}},
		"one refuses, one throttled":     {[]error{domain.ErrRefused, domain.ErrThrottled}, domain.Ack{Gone: 1, Failed: 1, Queued: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				ada, phone := r.connect("ada"), r.connect("bob")
				r.vanish(phone)
				for _, fails := range test.fails {
					r.fail(r.connect("bob"), fails)
				}
				ack, err := r.Tell(t.Context(), ada, chat.Recipient{User: "bob"}, quoted("psst"), "")
				if ack.MessageID = ""; err != nil || ack != test.want {
					t.Errorf("Tell = %+v, %v, want %+v", ack, err, test.want)
				}
				for _, d := range r.queued {
					if life := d.ExpiresAt.Sub(d.AcceptedAt); life != domain.DeliveryLife {
						t.Errorf("the rest is worth delivering for %v", life)
					}
				}
			})
		})
	}
}

// TestTellUnknown: where nobody can say what became of the message, nobody says that its recipient is not there.
func TestTellUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob, phone := r.connect("ada"), r.connect("bob"), r.connect("bob")
		r.vanish(phone)
		r.fail(bob, domain.ErrThrottled)
		r.FanOut.Queue = fullQueue{r}
		_, err := r.Tell(t.Context(), ada, chat.Recipient{User: "bob"}, quoted("psst"), "")
		wantRefusal(t, "a delivery that cannot be queued", err, domain.Unavailable)
	})
}

// late is a registry that has not collected a connection which has expired, as DynamoDB does within days.
type late struct {
	domain.Registry
	expired domain.Connection
}

// Get implements domain.Registry.
func (l late) Get(context.Context, string) (domain.Connection, error) { return l.expired, nil }

// TestTellUncollected: who has expired is not there, whether or not its row is.
func TestTellUncollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		bob := r.connect("bob")
		time.Sleep(time.Until(bob.ExpiresAt) - 1)
		ada := r.connect("ada")
		r.Registry = late{r.registry, bob.Connection}
		ack, err := r.Tell(t.Context(), ada, chat.Recipient{Connection: bob.ID}, quoted("psst"), "")
		if err != nil || ack.Sent != 1 {
			t.Errorf("a moment before its end: %+v, %v", ack, err)
		}
		time.Sleep(time.Nanosecond)
		_, err = r.Tell(t.Context(), ada, chat.Recipient{Connection: bob.ID}, quoted("psst"), "")
		wantRefusal(t, "a connection that expired", err, domain.RecipientNotFound)
	})
}

// TestTellUnreadable: a recipient of whom nothing can be read may be there, and whoever tries again may reach it.
func TestTellUnreadable(t *testing.T) {
	r := newRig(t)
	ada, bob := r.connect("ada"), r.connect("bob")
	r.Registry = brokenRegistry{r.registry}
	for _, to := range []chat.Recipient{{Connection: bob.ID}, {User: "bob"}} {
		_, err := r.Tell(t.Context(), ada, to, quoted("psst"), "")
		wantRefusal(t, "a registry that does not answer", err, domain.Unavailable)
	}
}

// TestNamelessTeller: who has no name is not the user whom a message to a connection is for.
func TestNamelessTeller(t *testing.T) {
	r := newRig(t)
	anonymous, bob := r.connect(""), r.connect("bob")
	r.vanish(bob)
	_, err := r.Tell(t.Context(), anonymous, chat.Recipient{Connection: bob.ID}, quoted("psst"), "")
	wantRefusal(t, "a connection that is gone", err, domain.RecipientNotFound)
}

// expiredFirst is a registry whose first page is empty, though there are members: its adapter left out some that have
// expired.
type expiredFirst struct{ domain.Registry }

// Members implements domain.Registry.
func (r expiredFirst) Members(context.Context, domain.Audience, domain.Span, int) (domain.Page, error) {
	return domain.Page{Rest: domain.Ring, More: true}, nil
}

func TestTellBehindTheExpired(t *testing.T) {
	r := newRig(t)
	ada, bob := r.connect("ada"), r.connect("bob")
	r.Registry = expiredFirst{r.registry}
	ack, err := r.Tell(t.Context(), ada, chat.Recipient{User: "bob"}, quoted("psst"), "")
	if r.wantDirect(bob, ada, ack.MessageID); err != nil {
		t.Error(err)
	}
}

// deaf is a sender whose posts never arrive.
type deaf struct{}

// Send implements domain.Sender.
func (deaf) Send(ctx context.Context, _ string, _ []byte) error { <-ctx.Done(); return ctx.Err() }

// TestTellIsAnsweredSoon, whatever the recipient does.
func TestTellIsAnsweredSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.connect("ada"), r.connect("bob")
		r.FanOut.Sender = deaf{}
		began := time.Now()
		ack, err := r.Tell(t.Context(), ada, chat.Recipient{Connection: bob.ID}, quoted("psst"), "")
		if took := time.Since(began); err != nil || !ack.Queued || took > domain.InlineShare {
			t.Errorf("Tell = %+v, %v after %v", ack, err, took)
		}
	})
}

// TestTellKeysExpire after a day, and no sooner.
func TestTellKeysExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		tell := func(data string) error {
			ada := r.connect("ada")
			_, err := r.Tell(t.Context(), ada, chat.Recipient{User: "ada"}, quoted(data), key)
			return err
		}
		r.wantNil(tell("one"))
		time.Sleep(chat.IdempotencyKeyLife - time.Second)
		wantRefusal(t, "another text within a day", tell("two"), domain.Conflict)
		time.Sleep(2 * time.Second)
		r.wantNil(tell("two"))
	})
}

func TestTellWithAKey(t *testing.T) {
	r := newRig(t)
	ada, tab, bob := r.connect("ada"), r.connect("ada"), r.connect("bob")
	tell := func(from domain.Caller, to chat.Recipient, data string) (domain.Ack, error) {
		return r.Tell(t.Context(), from, to, quoted(data), key)
	}
	first, err := tell(ada, chat.Recipient{User: "bob"}, "psst")
	r.wantNil(err)
	again, err := tell(tab, chat.Recipient{User: "bob"}, "psst")
	if err != nil || again.MessageID != first.MessageID {
		t.Errorf("repeated over another connection: %+v, %v; want %s", again, err, first.MessageID)
	}
	_, err = tell(ada, chat.Recipient{User: "bob"}, "other")
	wantRefusal(t, "another text", err, domain.Conflict)
	_, err = tell(ada, chat.Recipient{Connection: bob.ID}, "psst")
	wantRefusal(t, "another recipient", err, domain.Conflict)
	r.wantNil(r.registry.Connect(t.Context(), domain.Connection{ID: "bob", ConnectedAt: bob.ConnectedAt, ExpiresAt: bob.ExpiresAt}))
	_, err = tell(ada, chat.Recipient{Connection: "bob"}, "psst")
	wantRefusal(t, "a connection named like the user", err, domain.Conflict)
	_, err = r.Say(t.Context(), r.member("ada"), room, quoted("psst"), key)
	wantRefusal(t, "said in a room", err, domain.Conflict)
	if other, err := tell(r.connect(""), chat.Recipient{User: "bob"}, "psst"); err != nil || other.MessageID == first.MessageID {
		t.Errorf("somebody else's same key: %+v, %v", other, err)
	}
}
