package domaintest

import (
	"sync/atomic"
	"testing"
	"time"

	"wsecho/domain"
)

// TestQuotas runs the contract of domain.Quotas. open returns an empty one; it is called once for every test.
func TestQuotas(t *testing.T, open func(*testing.T) domain.Quotas) {
	minute := time.Now().Truncate(time.Minute)
	count := func(t *testing.T, quotas domain.Quotas, user string, minute time.Time, max int) bool {
		t.Helper()
		ok, err := quotas.Count(t.Context(), user, minute, max)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	t.Run("up to the limit", func(t *testing.T) {
		quotas := open(t)
		for n := range 5 {
			if ok := count(t, quotas, "ada", minute, 3); ok != (n < 3) {
				t.Errorf("count %d = %v", n+1, ok)
			}
		}
	})
	t.Run("users and minutes are apart", func(t *testing.T) {
		quotas := open(t)
		count(t, quotas, "ada", minute, 1)
		if !count(t, quotas, "bob", minute, 1) || !count(t, quotas, "ada", minute.Add(time.Minute), 1) || count(t, quotas, "ada", minute, 1) {
			t.Error("the counts of users or minutes are mixed up")
		}
	})
	t.Run("many at once", func(t *testing.T) {
		quotas := open(t)
		var counted atomic.Int32
		together(40, func(int) {
			if ok, err := quotas.Count(t.Context(), "ada", minute, 10); err != nil {
				t.Error(err)
			} else if ok {
				counted.Add(1)
			}
		})
		if counted.Load() != 10 {
			t.Errorf("%d of 40 were counted, the limit is 10", counted.Load())
		}
	})
}
