package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// leaseless leases are not to be had at the moment.
type leaseless struct{ chat.Relays }

// Acquire implements chat.Relays.
func (leaseless) Acquire(context.Context, string, string, int64, time.Time, time.Time) (chat.Head, error) {
	return chat.Head{}, domain.ErrUnavailable
}

// lines are the numbers in frames, frame after frame, with a v after those of voids.
func lines(frames []map[string]any) (all []string) {
	for _, f := range frames {
		list, _ := f["messages"].([]any)
		var seqs []string
		for _, e := range list {
			m := e.(map[string]any)
			seq := fmt.Sprint(m["seq"])
			if m["void"] == true {
				seq += "v"
			}
			seqs = append(seqs, seq)
		}
		all = append(all, strings.Join(seqs, " "))
	}
	return all
}

// wantLines wants a connection to have been sent frames, separated by bars.
func (r *rig) wantLines(who domain.Caller, want string) {
	r.t.Helper()
	if got := strings.Join(lines(r.received(who)), " | "); got != want {
		r.t.Errorf("%s was sent %q, want %q", who.Name(), got, want)
	}
}

// wantHead wants the room to be relayed up to a number, and to be whose it is.
func (r *rig) wantHead(relayed int64, leased bool) chat.Head {
	r.t.Helper()
	head, err := r.log.Head(r.t.Context(), room)
	r.wantNil(err)
	if head.Relayed != relayed || (head.Owner != "") != leased {
		r.t.Errorf("the head is %+v, want it relayed to %d and leased %v", head, relayed, leased)
	}
	return head
}

// goOn works on what was handed on, once, and on the frames that this takes.
func (r *rig) goOn() {
	r.t.Helper()
	r.mu.Lock()
	handed := r.handed
	r.handed = nil
	r.mu.Unlock()
	for _, h := range handed {
		r.wantNil(r.relays.Continue(r.t.Context(), h))
	}
	r.work()
}

// TestIdleRoom: a line is posted at once, and the lease given back with two writes more than it takes to store it.
func TestIdleRoom(t *testing.T) {
	r := newRig(t)
	ada, bob := r.member("ada"), r.member("bob")
	counted := &counting{Relays: r.log}
	r.relays.Relays = counted
	reads := r.log.reads.Load()
	for seq := range int64(3) {
		r.say(ada, "hi", "")
		r.wantLines(bob, fmt.Sprint(seq+1))
		r.wantHead(seq+1, false)
	}
	if counted.writes.Load() != 6 || r.log.reads.Load() > reads {
		t.Errorf("three lines took %d writes of leases and %d reads", counted.writes.Load(), r.log.reads.Load()-reads)
	}
}

// TestRoundTripsOfAnIdleRoom: an answer waits for one request more than what it takes to store the line and to read who
// gets it: for the end of the lease. The lease begins while the members are read.
func TestRoundTripsOfAnIdleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 10 * time.Millisecond
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		s := &scene{registry: r.registry, store: &r.log.Store, random: rand.New(rand.NewPCG(1, 1)), takes: each, calm: true}
		p := s.process(false)
		uc := p.chat()
		uc.Relay.FanOut.Sender = r
		for range 2 { // Get, Advance, Write, Acquire beside Members, Release.
			began := time.Now()
			_, err := uc.Say(t.Context(), ada, room, quoted("hi"), "")
			r.wantNil(err)
			if took := time.Since(began); took != 5*each {
				t.Errorf("it took %v", took)
			}
		}
		r.wantLines(bob, "1 | 2")
	})
}

// counting counts writes.
type counting struct {
	chat.Relays
	writes atomic.Int64
}

func (c *counting) Acquire(ctx context.Context, room, owner string, seq int64, now, until time.Time) (chat.Head, error) {
	c.writes.Add(1)
	return c.Relays.Acquire(ctx, room, owner, seq, now, until)
}

func (c *counting) Renew(ctx context.Context, room, owner string, relayed int64, until time.Time) (chat.Head, error) {
	c.writes.Add(1)
	return c.Relays.Renew(ctx, room, owner, relayed, until)
}

func (c *counting) Release(ctx context.Context, room, owner string, relayed int64) (chat.Head, error) {
	c.writes.Add(1)
	return c.Relays.Release(ctx, room, owner, relayed)
}

// TestBusyRoom: what is said while a frame is posted makes up the next one, whoever said it; and its speakers write
// nothing but their lines.
func TestBusyRoom(t *testing.T) { synctest.Test(t, busyRoom) }

func busyRoom(t *testing.T) {
	r := newRig(t)
	ada, bob, slow := r.member("ada"), r.member("bob"), r.member("slow")
	r.takes(slow, 100*time.Millisecond)
	counted := &counting{Relays: r.log}
	r.relays.Relays = counted
	var first sync.WaitGroup
	first.Go(func() { r.say(ada, "1", "") })
	time.Sleep(50 * time.Millisecond)
	for i := range 3 {
		r.say([]domain.Caller{bob, ada, bob}[i], "more", "")
	}
	if counted.writes.Load() != 1 {
		t.Errorf("%d writes of leases", counted.writes.Load())
	}
	first.Wait()
	r.wantLines(slow, "1 | 2 3 4")
	r.wantLines(bob, "1 | 2 3 4")
	r.wantLines(ada, "2 3 4") // Its own line of the second frame is one that it drops.
	r.wantHead(4, false)
}

// TestBusyRoomIsHandedOn after a while, for ten seconds, so that whoever spoke gets its answer; a worker goes on frame by
// frame, and lets go when nothing is left.
func TestBusyRoomIsHandedOn(t *testing.T) { synctest.Test(t, busyRoomIsHandedOn) }

func busyRoomIsHandedOn(t *testing.T) {
	r := newRig(t)
	ada, bob, slow := r.member("ada"), r.member("bob"), r.member("slow")
	r.takes(slow, 100*time.Millisecond)
	var first sync.WaitGroup
	began := time.Now()
	first.Go(func() { r.say(ada, "1", "") })
	for range 5 {
		time.Sleep(45 * time.Millisecond)
		r.say(bob, "more", "")
	}
	first.Wait()
	if took := time.Since(began); took > 250*time.Millisecond {
		t.Errorf("the first speaker waited for %v", took)
	}
	r.wantLines(slow, "1 | 2 3")
	if head := r.wantHead(3, true); time.Until(head.Until) < 9*time.Second || len(r.handed) != 1 {
		t.Errorf("handed on %v until %v", r.handed, head.Until)
	}
	for i := range 2 {
		r.say(ada, fmt.Sprint(i), "") // Whose relay it is, it is not this one.
	}
	r.goOn()
	r.wantLines(slow, "4 5 6 7 8")
	r.wantHead(8, false)
	r.goOn()
	r.wantLines(slow, "")
}

// TestLargeRoom has its frames posted by workers, and goes on behind them: what is said meanwhile makes up one frame.
func TestLargeRoom(t *testing.T) { synctest.Test(t, largeRoom) }

func largeRoom(t *testing.T) {
	r := newRig(t)
	var all []domain.Caller
	for i := range 200 {
		all = append(all, r.member(fmt.Sprint("u", i)))
	}
	r.say(all[0], "hi", "")
	queued := len(r.queued)
	if queued < 2 || len(r.handed) != 1 {
		t.Errorf("queued %d, handed on %v", queued, r.handed)
	}
	r.wantHead(1, true)
	for range 3 {
		r.say(all[0], "on", "")
	}
	if len(r.queued) != queued {
		t.Errorf("the room did not wait: queued %d", len(r.queued))
	}
	r.work()
	r.goOn()
	r.goOn()
	for _, who := range all[1:] {
		r.wantLines(who, "1 | 2 3 4")
	}
	r.wantLines(all[0], "")
	r.wantHead(4, false)
}

// TestFrameLimits: up to 100 entries and 100 KB, in order.
func TestFrameLimits(t *testing.T) {
	for words, want := range map[string]string{"x": "100 100 50", strings.Repeat("x", 32_000): "3 3 3 1"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			ada, bob := r.member("ada"), r.member("bob")
			r.relays.Relays = leaseless{r.log}
			n := map[bool]int{true: 250, false: 10}[words == "x"]
			for range n {
				r.say(ada, words, "")
			}
			r.relays.Relays = r.log
			time.Sleep(4 * time.Second)
			_, err := r.Ping(t.Context(), bob, []string{room})
			r.wantNil(err)
			for range 10 {
				r.goOn()
			}
			var sizes []string
			for _, f := range lines(r.received(bob)) {
				sizes = append(sizes, fmt.Sprint(len(strings.Fields(f))))
			}
			if got := strings.Join(sizes, " "); got != want {
				t.Errorf("frames of %s entries, want %s", got, want)
			}
			r.wantHead(int64(n), false)
		})
	}
}

// TestFrameIsFull: entries that take 100 KB together are one frame, and with a byte more two; one entry is a frame however
// large it is.
func TestFrameIsFull(t *testing.T) {
	const most = 100 << 10
	of := func(t *testing.T, texts ...int) (want string, size int) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			ada, bob := r.member("ada"), r.member("bob")
			r.relays.Relays = leaseless{r.log}
			for _, n := range texts {
				r.say(ada, strings.Repeat("x", n), "")
			}
			r.relays.Relays = r.log
			time.Sleep(4 * time.Second)
			_, err := r.Ping(t.Context(), bob, []string{room})
			r.wantNil(err)
			for range 4 {
				r.goOn()
			}
			frames := r.received(bob)
			for _, f := range frames {
				text, err := json.Marshal(f["messages"])
				r.wantNil(err)
				size += len(text) - 1 // A comma or a bracket for each of them.
			}
			want = strings.Join(lines(frames), " | ")
		})
		return want, size
	}
	_, empty := of(t, 0, 0)
	rest := most - empty
	for _, test := range []struct {
		texts []int
		want  string
	}{
		{[]int{rest / 2, rest - rest/2}, "1 2"},
		{[]int{rest / 2, rest - rest/2 + 1}, "1 | 2"},
		{[]int{most, 0}, "1 | 2"},
	} {
		if got, _ := of(t, test.texts...); got != test.want {
			t.Errorf("texts of %v bytes come as %s, want %s", test.texts, got, test.want)
		}
	}
}

// TestEntryThatCannotBeEncoded is skipped; the room goes on.
func TestEntryThatCannotBeEncoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		if _, err := r.Say(t.Context(), ada, room, []byte("{"), ""); err != nil {
			t.Fatal(err)
		}
		r.wantHead(1, false)
		r.say(ada, "on", "")
		r.wantLines(bob, "2")
		r.wantHead(2, false)
	})
}

// TestOldEntriesAreNotRelayed: what is older than a delivery lives, and what has expired, is left to history.
func TestOldEntriesAreNotRelayed(t *testing.T) {
	for _, later := range []time.Duration{time.Hour, 25 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.relays.Relays = leaseless{r.log}
			ada := r.member("ada")
			for range 150 {
				r.say(ada, "old", "")
			}
			r.relays.Relays = r.log
			time.Sleep(later)
			ada, bob := r.member("ada"), r.member("bob")
			r.say(ada, "new", "")
			for began := time.Now(); time.Since(began) < 4*time.Second; { // Until then they may be holes.
				r.goOn()
				time.Sleep(100 * time.Millisecond)
			}
			r.wantLines(bob, "151")
			r.wantHead(151, false)
		})
	}
}

// TestRelayAtAHole waits for the message that belongs there, and voids it when that has had its time. It hands the room on
// meanwhile.
func TestRelayAtAHole(t *testing.T) {
	for name, dies := range map[string]bool{"its writer comes": false, "its writer died": true} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { relayAtAHole(t, dies) }) })
	}
}

func relayAtAHole(t *testing.T, dies bool) {
	r := newRig(t)
	ada, bob := r.member("ada"), r.member("bob")
	var writing sync.WaitGroup
	if dies {
		_, err := r.log.Advance(t.Context(), room, r.newID(), time.Now())
		r.wantNil(err)
	} else {
		r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
			time.Sleep(time.Second)
			return write()
		})
		writing.Go(func() { r.say(bob, "slow", "") })
	}
	time.Sleep(10 * time.Millisecond)
	began := time.Now()
	r.say(ada, "quick", "")
	if took := time.Since(began); took > 300*time.Millisecond || len(r.handed) != 1 {
		t.Errorf("the speaker waited for %v; handed on %v", took, r.handed)
	}
	r.wantLines(bob, "")
	for len(r.handed) > 0 && time.Since(began) < time.Minute {
		r.goOn()
	}
	writing.Wait()
	r.wantHead(2, false)
	took := time.Since(began)
	if dies {
		r.wantLines(bob, "1v 2")
		if took < 3*time.Second || took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
		return
	}
	r.wantLines(bob, "1 2")
	if took < time.Second || took > 1400*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// TestHoleOfAMoment: a relay waits for a writer who is about to come, so that the room does not have to.
func TestHoleOfAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		r.log.next(func(_ chat.Entry, write func() (chat.Entry, error)) (chat.Entry, error) {
			time.Sleep(50 * time.Millisecond)
			return write()
		})
		var writing sync.WaitGroup
		writing.Go(func() { r.say(bob, "slow", "") })
		synctest.Wait()
		r.say(ada, "quick", "")
		r.wantLines(bob, "1 2")
		r.wantHead(2, false)
		if len(r.handed) > 0 {
			t.Errorf("handed on: %v", r.handed)
		}
		writing.Wait()
	})
}

// TestEndOfARequestAtAHole: whose time ends while it waits for a writer hands the room on.
func TestEndOfARequestAtAHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada := r.member("ada")
		_, err := r.log.Advance(t.Context(), room, r.newID(), time.Now())
		r.wantNil(err)
		log := r.logged()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err = r.Say(ctx, ada, room, quoted("hi"), "")
		if took := time.Since(began); err != nil || took != 5*time.Millisecond || len(r.handed) != 1 {
			t.Errorf("it took %v; %v; handed on %v", took, err, r.handed)
		}
		if !strings.Contains(log.String(), context.DeadlineExceeded.Error()) {
			t.Errorf("logged %q", log)
		}
	})
}

// TestAbandonedRoom is taken over by the next who speaks, and when it has been for three seconds by who joins or pings.
func TestAbandonedRoom(t *testing.T) {
	for name, test := range map[string]struct {
		by    func(*rig, domain.Caller) error
		later time.Duration
		taken bool
	}{
		"say": {func(r *rig, who domain.Caller) error {
			_, err := r.Say(r.t.Context(), who, room, quoted("on"), "")
			return err
		}, 0, true},
		"join":      {joinAgain, 3 * time.Second, true},
		"ping":      {ping, 3 * time.Second, true},
		"join soon": {joinAgain, 2 * time.Second, false},
		"ping soon": {ping, 2 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				ada, bob := r.member("ada"), r.member("bob")
				r.relays.Relays = leaseless{r.log}
				r.say(ada, "lost", "")
				r.relays.Relays = r.log
				r.handed = nil
				time.Sleep(test.later)
				r.wantNil(test.by(r, bob))
				r.goOn()
				got := strings.Join(lines(r.received(bob)), " ")
				if strings.HasPrefix(got, "1") != test.taken {
					t.Errorf("received %q", got)
				}
			})
		})
	}
}

func joinAgain(r *rig, who domain.Caller) error {
	_, err := r.Join(r.t.Context(), who, room, nil)
	return err
}

func ping(r *rig, who domain.Caller) error {
	_, err := r.Ping(r.t.Context(), who, []string{room})
	return err
}

// TestTakingOverIsLogged where it fails, with the room and the cause: whoever comes by has its answer all the same.
func TestTakingOverIsLogged(t *testing.T) {
	for name, test := range map[string]struct {
		relays func(*rig) chat.Relays
		want   string
	}{
		"it fails":          {func(r *rig) chat.Relays { return leaseless{r.log} }, "room=" + room + " relayed=1 cause="},
		"it does":           {func(r *rig) chat.Relays { return r.log }, ""},
		"another was first": {func(r *rig) chat.Relays { return taken{r.log} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				ada, bob := r.member("ada"), r.member("bob")
				r.say(ada, "relayed", "")
				r.relays.Relays = leaseless{r.log}
				r.say(ada, "lost", "")
				time.Sleep(4 * time.Second)
				r.relays.Relays = test.relays(r)
				log := r.logged()
				r.wantNil(ping(r, bob))
				if text := log.String(); (text == "") != (test.want == "") || !strings.Contains(text, test.want) {
					t.Errorf("logged %q, want %q", text, test.want)
				}
			})
		})
	}
}

// taken leases are another's.
type taken struct{ chat.Relays }

// Acquire implements chat.Relays.
func (taken) Acquire(context.Context, string, string, int64, time.Time, time.Time) (chat.Head, error) {
	return chat.Head{}, chat.ErrLease
}

// numberless is a log that gives no numbers at the moment.
type numberless struct{ chat.Log }

// Advance implements chat.Log.
func (numberless) Advance(context.Context, string, string, time.Time) (chat.Head, error) {
	return chat.Head{}, domain.ErrUnavailable
}

// TestNoNumberNoRelay: who got no number has nothing to relay, and asks a store that has just failed for nothing more.
func TestNoNumberNoRelay(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	counted := &counting{Relays: r.log}
	r.Log, r.relays.Relays = numberless{r.log}, counted
	_, err := r.Say(t.Context(), ada, room, quoted("hi"), "")
	wantRefusal(t, "no number", err, domain.Unavailable)
	if n := counted.writes.Load(); n > 0 || len(r.handed) > 0 {
		t.Errorf("%d writes of leases; handed on %v", n, r.handed)
	}
}

// TestStaleHandOn: a hand-on that comes twice does nothing while its relay lives; and if whoever took over died, the
// second one goes on.
func TestStaleHandOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		r.relays.Relays = leaseless{r.log}
		r.say(ada, "lost", "")
		r.relays.Relays = r.log
		head := r.wantHead(0, false)
		_, err := r.log.Acquire(t.Context(), room, "dead", head.Seq, time.Now(), time.Now().Add(5*time.Second))
		r.wantNil(err)
		r.handed = []chat.HandOn{{Room: room, Owner: "before"}, {Room: room, Owner: "before"}}
		r.goOn()
		r.wantLines(bob, "")
		time.Sleep(15 * time.Second)
		r.handed = []chat.HandOn{{Room: room, Owner: "before"}}
		r.goOn()
		r.goOn()
		r.wantLines(bob, "1")
		r.wantHead(1, false)
	})
}

// unsure releases, and nobody hears of it.
type unsure struct{ chat.Relays }

// Release implements chat.Relays.
func (u unsure) Release(ctx context.Context, room, owner string, relayed int64) (chat.Head, error) {
	_, _ = u.Relays.Release(ctx, room, owner, relayed)
	return chat.Head{}, domain.ErrUnavailable
}

// TestReleaseOfUnknownOutcome is handed on, unless it turns out that it was released.
func TestReleaseOfUnknownOutcome(t *testing.T) {
	r := newRig(t)
	ada := r.member("ada")
	r.relays.Relays = unsure{r.log}
	r.say(ada, "hi", "")
	if len(r.handed) > 0 {
		t.Errorf("handed on: %v", r.handed)
	}
	r.wantHead(1, false)
	r.relays.Relays = unreleased{r.log}
	r.say(ada, "hi", "")
	if len(r.handed) != 1 {
		t.Errorf("handed on: %v", r.handed)
	}
	r.relays.Relays = r.log
	r.goOn()
	r.wantHead(2, false)
}

// unreleased can't be released.
type unreleased struct{ chat.Relays }

// Release implements chat.Relays.
func (unreleased) Release(context.Context, string, string, int64) (chat.Head, error) {
	return chat.Head{}, domain.ErrUnavailable
}

// TestRounds: whoever counts is told of each, of how long its lines waited, and of rooms that were taken over.
func TestRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ada, bob := r.member("ada"), r.member("bob")
		var told []chat.Round
		r.relays.Ran = func(round chat.Round) { told = append(told, round) }
		r.takes(bob, 20*time.Millisecond)
		r.say(ada, "hi", "")
		if len(told) != 1 || len(told[0].Waited) != 1 || told[0].Waited[0] != 0 || told[0].Report.Sent != 1 || told[0].Room != room || told[0].TakenOver {
			t.Errorf("told %+v", told)
		}
		r.relays.Relays = leaseless{r.log}
		r.say(ada, "lost", "")
		r.relays.Relays, told = r.log, nil
		time.Sleep(4 * time.Second)
		r.wantNil(ping(r, bob))
		r.goOn()
		if len(told) != 2 || !told[0].TakenOver || told[1].TakenOver || len(told[1].Waited) != 1 || told[1].Waited[0] < 4*time.Second {
			t.Errorf("told %+v", told)
		}
	})
}
