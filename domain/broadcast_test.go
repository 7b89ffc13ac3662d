package domain_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

// broadcaster has n members; the caller is the first of them.
func broadcaster(t *testing.T, n int, send func(context.Context, string, []byte) error) (domain.Broadcaster, *rig, domain.Caller) {
	r := newRig(nil)
	ids := r.connect(t, n, time.Hour)
	r.Sender = sender(send)
	uc := domain.Broadcaster{FanOut: r.FanOut, Policy: domain.ByGrants{}, NewID: func() string { return "id-1" }}
	return uc, r, domain.Caller{Connection: domain.Connection{ID: ids[0], User: "ada"}, Grants: domain.AllGrants}
}

func TestBroadcastReachesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var from domain.Caller
		want := ""
		uc, _, from := broadcaster(t, 10, func(_ context.Context, id string, data []byte) error {
			if id == from.ID {
				t.Error("the sender got its own message")
			}
			if string(data) != want {
				t.Errorf("got %s, want %s", data, want)
			}
			return nil
		})
		want = `{"type":"broadcast","messageId":"id-1","from":{"user":"ada","connection":"` + from.ID +
			`"},"data":{"x":"<&>"},"at":"` + domain.Timestamp(time.Now()) + `"}`
		ack, err := uc.Broadcast(t.Context(), from, json.RawMessage(`{ "x": "<&>" }`), "")
		if want := (domain.Ack{MessageID: "id-1", Sent: 9}); err != nil || ack != want {
			t.Errorf("the ack is %+v, %v, want %+v", ack, err, want)
		}
	})
}

func TestBroadcastIsQueuedForTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		uc, r, from := broadcaster(t, 127, nil)
		ack, err := uc.Broadcast(t.Context(), from, json.RawMessage(`1`), "")
		if want := (domain.Ack{MessageID: "id-1", Queued: true}); err != nil || ack != want || len(r.queue.queued) == 0 {
			t.Errorf("the ack is %+v, %v, want %+v; %d deliveries queued", ack, err, want, len(r.queue.queued))
		}
	})
}

func TestBroadcastWaitsNoLongerThanTheInlineShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		uc, _, from := broadcaster(t, 2, func(ctx context.Context, _ string, _ []byte) error { return hang(ctx) })
		began := time.Now()
		ack, err := uc.Broadcast(t.Context(), from, json.RawMessage(`1`), "")
		if took := time.Since(began); err != nil || !ack.Queued || took != domain.InlineShare {
			t.Errorf("the ack is %+v, %v, after %v", ack, err, took)
		}
	})
}

func TestBroadcastFailsWithItsPorts(t *testing.T) {
	uc, r, from := broadcaster(t, 2, nil)
	r.FanOut.Registry = failing{domain.ErrUnavailable}
	if _, err := uc.Broadcast(t.Context(), from, json.RawMessage(`1`), ""); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Broadcast: %v", err)
	}
}

func TestKeyMakesTheMessageIDTheSame(t *testing.T) {
	uc, _, from := broadcaster(t, 1, nil)
	var ids [3]string
	for i, key := range []string{"k", "k", "other"} {
		ack, err := uc.Broadcast(t.Context(), from, json.RawMessage(`1`), key)
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = ack.MessageID
	}
	if ids[0] != ids[1] || ids[0] == ids[2] || ids[0] == domain.KeyedID("eve", "k") {
		t.Errorf("message ids %q", ids)
	}
}
