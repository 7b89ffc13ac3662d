package main

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"
)

// audience is many clients that listen, and one that speaks.
type audience struct {
	sender    *client
	listeners []*client
}

func newAudience(t testing.TB, url string, size int) *audience {
	t.Helper()
	a := &audience{listeners: make([]*client, size)}
	var connecting sync.WaitGroup
	for part := range slices.Chunk(a.listeners, size/20+1) {
		connecting.Go(func() {
			for i := range part {
				part[i] = dial(t, url)
			}
		})
	}
	connecting.Wait()
	a.sender = dial(t, url)
	return a
}

// broadcast sends one message and returns how long each listener waited for it.
func (a *audience) broadcast(t testing.TB) []time.Duration {
	reached := make([]time.Duration, len(a.listeners))
	ids := make([]string, len(a.listeners))
	var listening sync.WaitGroup
	began := time.Now()
	for i, c := range a.listeners {
		listening.Go(func() {
			text, err := c.Read(time.Minute)
			reached[i] = time.Since(began)
			if err != nil {
				t.Error(err)
			}
			ids[i] = messageID(text)
		})
	}
	a.sender.Send(`{"action":"broadcast","data":"hello, everybody"}`)
	ack, err := a.sender.Read(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	listening.Wait()
	for _, id := range ids {
		if id != messageID(ack) {
			t.Fatalf("a client got %q, the sender was told %q", id, ack)
		}
	}
	return reached
}

// wantNoMore checks that nothing was received twice: an echo is the next that comes.
func (a *audience) wantNoMore(t testing.TB) {
	for _, c := range a.listeners {
		c.echoes()
	}
}

func messageID(text string) string {
	var m struct{ MessageID string }
	json.Unmarshal([]byte(text), &m)
	return m.MessageID
}

// TestBroadcastThroughTheQueue reaches more connections than one page has.
func TestBroadcastThroughTheQueue(t *testing.T) {
	a := newAudience(t, startServer(t, "-q").url, 300)
	for range 3 {
		a.broadcast(t)
	}
	a.wantNoMore(t)
}
