package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"wsecho/domain"
)

func TestRefusalHidesFaults(t *testing.T) {
	tests := map[domain.Code]error{
		domain.Conflict:         fmt.Errorf("wrapped: %w", &domain.Error{Code: domain.Conflict, Message: "secret-free"}),
		domain.ConnectionClosed: fmt.Errorf("secret: %w", domain.ErrNotConnected),
		domain.Unavailable:      fmt.Errorf("secret: %w", domain.ErrUnavailable),
		domain.Internal:         errors.New("secret"),
	}
	for want, err := range tests {
		got := domain.Refusal(err)
		if got.Code != want || strings.Contains(got.Message, "secret:") || got.Message == "secret" {
			t.Errorf("Refusal(%v) = %v, want %s", err, got, want)
		}
	}
}

func TestRetryable(t *testing.T) {
	for code, want := range map[domain.Code]bool{
		domain.RateLimited: true, domain.Unavailable: true, domain.BadRequest: false, domain.Internal: false,
	} {
		if code.Retryable() != want {
			t.Errorf("%s.Retryable() = %v", code, !want)
		}
	}
}

func TestUnknownAction(t *testing.T) {
	tests := map[string]string{"Echo": "Echo", "": "", strings.Repeat("é", 70): strings.Repeat("é", 64)}
	for action, want := range tests {
		err := domain.UnknownActionError(action)
		if err.Code != domain.UnknownAction || err.Details["action"] != want || !strings.Contains(err.Message, fmt.Sprintf("%q", want)) {
			t.Errorf("UnknownActionError(%q) = %+v", action, err)
		}
	}
}
