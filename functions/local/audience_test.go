package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
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
				part[i] = dialQuick(t, url)
			}
		})
	}
	connecting.Wait()
	a.sender = dialQuick(t, url)
	return a
}

func dialQuick(t testing.TB, url string) *client {
	conn, buffered, _, err := ws.Dialer{Timeout: testTimeout}.Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{conn: conn, reader: conn}
	if buffered != nil {
		c.reader = buffered
	}
	return c
}

// broadcast sends one message and returns how long each listener waited for it.
func (a *audience) broadcast(t testing.TB) []time.Duration {
	reached := make([]time.Duration, len(a.listeners))
	ids := make([]string, len(a.listeners))
	var listening sync.WaitGroup
	began := time.Now()
	for i, c := range a.listeners {
		listening.Go(func() {
			text, err := c.read(time.Minute)
			reached[i] = time.Since(began)
			if err != nil {
				t.Error(err)
			}
			ids[i] = messageID(text)
		})
	}
	if err := ws.WriteFrame(a.sender.conn, ws.MaskFrame(ws.NewTextFrame([]byte(`{"action":"broadcast","data":"hello, everybody"}`)))); err != nil {
		t.Fatal(err)
	}
	ack, err := a.sender.read(time.Minute)
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
		if err := ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewTextFrame([]byte(`{"action":"echo"}`)))); err != nil {
			t.Fatal(err)
		}
		if text, err := c.read(time.Minute); err != nil || !bytes.Contains([]byte(text), []byte(`"type":"echo"`)) {
			t.Fatalf("after the last broadcast a client got %q, %v", text, err)
		}
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
