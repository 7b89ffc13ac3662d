package wiring

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestShareOfTheRate: the workers of both queues together post CALLBACK_RATE messages a second.
func TestShareOfTheRate(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "us-east-1", "TABLE_NAME": "t", "QUEUE_URL": "http://127.0.0.1/q", "RETRY_QUEUE_URL": "http://127.0.0.1/r",
		"CALLBACK_URL": "http://127.0.0.1/dev", "CALLBACK_RATE": "1200", "MAX_CONCURRENCY": "10",
	} {
		t.Setenv(name, value)
	}
	parts := posting()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		for range 1001 {
			if err := parts.Pace.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began).Round(100 * time.Millisecond); took < 9900*time.Millisecond || took > 10*time.Second {
			t.Errorf("1,000 posts took %v, want 10 s at 1200 / (10 + 2) a second", took)
		}
	})
	if parts.Rests == nil {
		t.Error("nobody rests")
	}
}
