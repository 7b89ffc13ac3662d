package memory_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/gateway/gatewaytest/leaktest"
	"wsecho/adapters/memory"
	"wsecho/domain"
	"wsecho/domain/domaintest"
)

func TestDeadLettersAreBounded(t *testing.T) {
	queue := &memory.Queue{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	leaktest.WantFreed(t, func() {
		for i := range 20_000 {
			d := domain.Delivery{MessageID: fmt.Sprint(i), Message: json.RawMessage(strings.Repeat("1", 3000))}
			if err := queue.DeadLetter(t.Context(), d, "given up"); err != nil {
				t.Fatal(err)
			}
		}
	})
	if deadLetters := queue.DeadLetters(); len(deadLetters) != 100 || deadLetters[0].MessageID != "19900" || deadLetters[99].MessageID != "19999" {
		t.Errorf("%d are kept", len(deadLetters))
	}
}

// TestExpiredConnectionsAreForgotten, whose end nobody was told of. One whose token has ended is open still, so its
// row is kept as long as a connection may last.
func TestExpiredConnectionsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(memory.Registry)
		connect := func(expires time.Duration) string {
			c := domaintest.NewConnection("ada")
			c.ExpiresAt = c.ConnectedAt.Add(expires)
			if err := r.Connect(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Enter(t.Context(), c, "a", 20); err != nil {
				t.Fatal(err)
			}
			return c.ID
		}
		leaktest.WantFreed(t, func() {
			for range 10_000 {
				connect(time.Minute)
			}
			expired := connect(time.Minute)
			time.Sleep(domain.MaxConnection)
			connect(domain.MaxLifetime)
			if _, err := r.Get(t.Context(), expired); err != nil {
				t.Errorf("while it may be open: %v", err)
			}
			time.Sleep(10 * time.Minute)
			connect(domain.MaxLifetime)
			if _, err := r.Get(t.Context(), expired); !errors.Is(err, domain.ErrNotConnected) {
				t.Errorf("afterwards: %v", err)
			}
		})
		for _, a := range []domain.Audience{domain.Everyone, "a", domain.UserAudience("ada")} {
			if page, _ := r.Members(t.Context(), a, domain.Ring, 10); len(page.Members) != 2 {
				t.Errorf("%s has %d members", a, len(page.Members))
			}
		}
		runtime.KeepAlive(r)
	})
}
