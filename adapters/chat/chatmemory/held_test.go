package chatmemory_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/chat/chatmemory"
	"wsecho/adapters/gateway/gatewaytest/leaktest"
	"wsecho/domain/chat"
)

func TestExpiredLinesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(chatmemory.Store)
		say := func(room string, life time.Duration) chat.Entry {
			head, err := log.Advance(t.Context(), room, "e", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			e := chat.Entry{
				Epoch: head.Epoch, Seq: head.Seq, MessageID: fmt.Sprint(head.Seq), Data: json.RawMessage(strings.Repeat("1", 300)),
				At: head.At, ExpiresAt: head.At.Add(life),
			}
			idempotency := &chat.IdempotencyKey{User: "ada", Key: room + e.MessageID, Sent: chat.Sent{MessageID: e.MessageID}, ExpiresAt: head.At.Add(time.Hour)}
			if _, err := log.Write(t.Context(), room, e, idempotency); err != nil {
				t.Fatal(err)
			}
			return e
		}
		var kept chat.Entry
		leaktest.WantFreed(t, func() {
			for range 50_000 {
				say("lobby", time.Hour)
				say("other", time.Hour)
			}
			kept = say("lobby", 2*time.Hour)
			time.Sleep(time.Hour)
			if _, err := log.Head(t.Context(), "lobby"); err != nil {
				t.Fatal(err)
			}
		})
		got, _, err := log.Read(t.Context(), "lobby", kept.Epoch, chat.Range{From: 1, To: kept.Seq})
		if err != nil || len(got) != 1 || got[0].Seq != kept.Seq {
			t.Errorf("what lives: %+v, %v", got, err)
		}
		if next := say("lobby", time.Hour); next.Seq != kept.Seq+1 {
			t.Errorf("the next number is %d", next.Seq)
		}
		runtime.KeepAlive(log)
	})
}
