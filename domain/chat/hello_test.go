package chat_test

import (
	"testing"
	"time"

	"wsecho/domain"
	"wsecho/domain/chat"
)

// TestHelloTellsHowLongTheConnectionLasts by one clock, the service's.
func TestHelloTellsHowLongTheConnectionLasts(t *testing.T) {
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name      string
		tokenEnds time.Time
		want      string
	}{
		{"as long as any", time.Time{}, "2026-01-01T14:00:00.000Z"},
		{"until its token ends", began.Add(time.Hour), "2026-01-01T13:00:00.000Z"},
		{"no longer for a token that outlasts it", began.Add(3 * time.Hour), "2026-01-01T14:00:00.000Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			caller := domain.Caller{Connection: domain.Connection{ID: "c", User: "ada", ConnectedAt: began}, TokenEnds: test.tokenEnds}
			got := chat.Hello(caller, 1)
			if got.ConnectedAt != "2026-01-01T12:00:00.000Z" || got.ExpiresAt != test.want {
				t.Errorf("welcome from %s to %s, want to %s", got.ConnectedAt, got.ExpiresAt, test.want)
			}
		})
	}
}
