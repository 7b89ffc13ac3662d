package domain_test

import (
	"strings"
	"testing"
	"time"

	"wsecho/domain"
)

func TestExpiry(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct{ tokenEnds, want time.Time }{
		{time.Time{}, at.Add(domain.MaxLifetime)},
		{at.Add(time.Hour), at.Add(time.Hour + domain.ExpiryGrace)},
		{at.Add(24 * time.Hour), at.Add(domain.MaxLifetime)},
	}
	for _, test := range tests {
		if got := domain.Expiry(at, test.tokenEnds); !got.Equal(test.want) {
			t.Errorf("Expiry(%v) = %v, want %v", test.tokenEnds, got, test.want)
		}
	}
}

func TestUserNames(t *testing.T) {
	for name, want := range map[string]bool{
		"ada": true, "a.b_c@d:e-f": true, "7": true, strings.Repeat("a", 64): true,
		"": false, "-a": false, "ada lovelace": false, "anon-x": false, "é": false, strings.Repeat("a", 65): false, "a\n": false,
	} {
		if domain.ValidUser(name) != want {
			t.Errorf("ValidUser(%q) = %v", name, !want)
		}
	}
	if got := (domain.Connection{ID: "c="}).Name(); got != "anon-c=" {
		t.Errorf("the name of somebody anonymous is %q", got)
	}
}
