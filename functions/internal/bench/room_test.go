package main

import (
	"fmt"
	"testing"
	"time"
)

// listener is the last of 21 members, the only one that does not speak. Forty lines are said, ten a second.
func listener() *member {
	t := &talk{roomSettings: roomSettings{crowd: crowd{Members: 21, Rate: 10}}, lines: 40, began: time.Now(), complete: make(chan struct{})}
	for i := range t.Members {
		t.members = append(t.members, newMember(t, i, nil))
	}
	t.outstanding.Store(int64(t.lines * t.Members))
	return t.members[20]
}

func TestPushesOfBothFormsAreCounted(t *testing.T) {
	m := listener()
	for _, push := range []string{
		`{"type":"message","room":"bench","epoch":"e","seq":1,"messageId":"m","from":{"user":"u","connection":"c"},"data":{"line":0},"at":"t"}`,
		`{"type":"messages","room":"bench","epoch":"e","messages":[{"seq":2,"messageId":"m","data":{"line":1},"at":"t"},{"seq":3,"void":true},{"seq":4,"data":{"line":2,"text":"x"}}]}`,
		`{"type":"messages","room":"bench","epoch":"e","messages":[{"seq":4,"data":{"line":2}},{"seq":5,"data":{"line":1}}]}`,
	} {
		if !isPush([]byte(push)) {
			t.Errorf("%s is no push", push)
		}
		m.note([]byte(push), m.talk.began.Add(time.Second))
	}
	got := fmt.Sprint(m.frames, m.entries, m.dropped, m.doubled, len(m.took))
	if want := "3 6 1 1 3"; got != want {
		t.Errorf("frames, entries, dropped, doubled, lines: %s, want %s", got, want)
	}
	if took := m.took[2]; took != 800*time.Millisecond { // Line 2 was due after 0.2 s.
		t.Errorf("line 2 took %v", took)
	}
}

func TestLostLinesAreCounted(t *testing.T) {
	m := listener()
	speaker := m.talk.members[3]
	for _, r := range []string{
		`{"type":"joined","room":"bench","user":"u","connection":"c"}`,
		`{"type":"ack","id":"3","seq":1}`, `{"type":"error","id":"23","code":"unavailable"}`, `{"message":"Internal server error"}`,
	} {
		if err := speaker.hear([]byte(r), m.talk.began.Add(time.Second)); err != nil {
			t.Error(err)
		}
	}
	m.note([]byte(`{"type":"message","seq":1,"data":{"line":3}}`), time.Now())
	f := m.talk.figures()
	if f.Lost != 19 || f.Acked != 1 || f.Errors != 2 || f.AckP50 != 700*time.Millisecond {
		t.Errorf("%+v, want 1 line acknowledged after 0.7 s that 19 of 21 don't have, and 2 errors", f)
	}
	if err := speaker.hear([]byte(`{"type":"ack","id":"3","seq":1}`), time.Now()); err == nil {
		t.Error("a second ack was taken")
	}
}

func TestRatioIsThatOfNeighbours(t *testing.T) {
	itself := func(f float64) float64 { return f }
	if got := ratio([]float64{1, 4, 9}, []float64{1, 2, 3}, itself); got != (spread{2, 1, 3}) {
		t.Errorf("%+v", got)
	}
	if got := middle([]float64{4, 1}, itself); got != (spread{2.5, 1, 4}) {
		t.Errorf("%+v", got)
	}
}
