package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// listener is the last of 21 members, the only one that does not speak. Forty lines are said, ten a second.
func listener() *member {
	t := newTalk(roomSettings{crowd: crowd{Members: 21, Rate: 10}, Talk: 4 * time.Second})
	t.began = time.Now()
	for i := range t.Members {
		t.members = append(t.members, newMember(t, i, nil))
	}
	return t.members[20]
}

func TestPushesOfBothFormsAreCounted(t *testing.T) {
	m := listener()
	for _, push := range []string{
		`{"type":"message","room":"bench","epoch":"e","seq":1,"messageId":"m","from":{"user":"u","connection":"c"},"data":{"line":0},"at":"t"}`,
		`{"type":"messages","room":"bench","epoch":"e","messages":[{"seq":2,"messageId":"m","data":{"line":1},"at":"t"},{"seq":3,"void":true},{"seq":4,"data":{"line":2,"text":"x"}}]}`,
		`{"type":"messages","room":"bench","epoch":"e","messages":[{"seq":4,"data":{"line":2}},{"seq":5,"data":{"line":1}}]}`,
		`{"type":"messages","room":"bench","epoch":"f","messages":[{"seq":1,"data":{"line":3}}]}`,
	} {
		if !isPush([]byte(push)) {
			t.Errorf("%s is no push", push)
		}
		m.note([]byte(push), m.talk.began.Add(time.Second))
	}
	got := fmt.Sprint(m.frames, m.entries, m.dropped, m.doubled, len(m.took))
	if want := "4 7 1 1 4"; got != want {
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

func TestCrowdsAreReadAsWritten(t *testing.T) {
	for _, text := range []string{"200x20", "200x50@dynamodb"} {
		if c, err := parseCrowd(text); err != nil || c.String() != text {
			t.Errorf("%q is read as %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "200", "200x", "200x20@elsewhere"} {
		if c, err := parseCrowd(text); err == nil {
			t.Errorf("%q is read as %v", text, c)
		}
	}
}

// TestVariantsNeedWhatTheyReplace: a comparison with text that has changed since would be one with itself.
func TestVariantsNeedWhatTheyReplace(t *testing.T) {
	b := &bench{root: t.TempDir(), work: t.TempDir()}
	file := filepath.Join(b.root, "file")
	for source, ok := range map[string]bool{"a b": true, "b": false, "a a": false} {
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := b.overlay(variant{"changed", []edit{{"file", "a", "c"}, {"file", "b", "d"}}}); (err == nil) != ok {
			t.Errorf("%q: %v", source, err)
		}
	}
	if err := os.WriteFile(file, []byte("a b"), 0o600); err != nil {
		t.Fatal(err)
	}
	replaced := map[string]string{}
	for _, e := range []edit{{"file", "a", "c"}, {"file", "b", "d"}} {
		if err := b.replace(variant{name: "changed"}, e, replaced); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(replaced[file]); string(got) != "c d" {
		t.Errorf("%q, %v, want both edits", got, err)
	}
}

func TestWaysBesideTheRelay(t *testing.T) {
	b := &bench{options: options{rounds: 5, talk: 10 * time.Second, tail: time.Minute}}
	for text, want := range map[string]string{"200x20": "2 3", "200x100": "2 1", "1000x20": "2 1", "1000x100": "1 1"} {
		c, err := parseCrowd(text)
		if err != nil {
			t.Fatal(err)
		}
		if all, rounds := b.ways(c, contestant{}, contestant{}); fmt.Sprint(len(all), rounds) != want {
			t.Errorf("%s: %d ways and %d rounds, want %s", text, len(all), rounds, want)
		}
	}
}

// TestDynamoDBIsMissedAtOnce, not after what is measured before.
func TestDynamoDBIsMissedAtOnce(t *testing.T) {
	for rooms, ok := range map[string]bool{"200x20": true, "200x20,200x50@dynamodb": false} {
		o, err := parse([]string{"-rooms", rooms, "room"}, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		if err := (&bench{options: o, root: t.TempDir()}).needs(); (err == nil) != ok {
			t.Errorf("%s, without DynamoDB Local: %v", rooms, err)
		}
	}
}

func TestArrivalsAreThoseOfTheLast(t *testing.T) {
	a := arrivals{wanted: 2}
	a.send(1)
	a.send(2)
	a.note(1, a.sent[1].Add(time.Second))
	a.note(2, a.sent[2].Add(time.Second))
	a.note(1, a.sent[1].Add(3*time.Second))
	if fmt.Sprint(a.took) != "[3s]" || a.lacking() != 1 {
		t.Errorf("took %v, %d lacking; want 3s for the first, and the second lacking", a.took, a.lacking())
	}
}

// TestDeafMembersAreLeftOut of what is waited for and counted.
func TestDeafMembersAreLeftOut(t *testing.T) {
	settings := roomSettings{crowd: crowd{Members: 21, Rate: 10}, Talk: time.Second}
	all := newTalk(settings).outstanding.Load()
	settings.Deaf = true
	if deaf := newTalk(settings).outstanding.Load(); all != 210 || deaf != 200 {
		t.Errorf("%d and %d are outstanding, want 210 for all and 200 without one", all, deaf)
	}
}
