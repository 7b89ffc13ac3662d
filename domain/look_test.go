package domain_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

// blind is a registry that may not list anybody.
type blind struct{ domain.Registry }

func (blind) Members(context.Context, domain.Audience, domain.Span, int) (domain.Page, error) {
	return domain.Page{}, errors.New("AccessDeniedException")
}

// TestLookThatIsRefusedFails, so that somebody hears of it.
func TestLookThatIsRefusedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.FanOut.Registry = blind{r.registry}
		d := message()
		d.Audience, d.Condition = "a", &domain.Condition{Connection: "x", Otherwise: []byte("1")}
		if report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second)); err == nil {
			t.Errorf("Deliver = %+v", report)
		}
	})
}

// throttling is a sender that reaches nobody.
type throttling struct{}

func (throttling) Send(context.Context, string, []byte) error { return domain.ErrThrottled }

// TestShortLifeIsRetried while there is time.
func TestShortLifeIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.connect(t, 1, time.Minute)
		r.FanOut.Sender = throttling{}
		d := message()
		d.AcceptedAt, d.ExpiresAt = time.Now(), time.Now().Add(10*time.Second)
		report, err := r.Deliver(t.Context(), d, time.Now().Add(time.Second))
		if err != nil || report.Queued != 1 || report.Expired != 0 {
			t.Errorf("Deliver = %+v, %v", report, err)
		}
	})
}
