package domain_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/domain"
)

// postsPerSecond posts as fast as the limiter allows and counts the posts of each second.
func postsPerSecond(t *testing.T, p *domain.Limiter, seconds int) []int {
	t.Helper()
	began := time.Now()
	posts := make([]int, seconds)
	for {
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := int(time.Since(began) / time.Second)
		if second >= seconds {
			return posts
		}
		posts[second]++
	}
}

func wantPosts(t *testing.T, got []int, want ...int) {
	t.Helper()
	const burst = 51 // Of a limiter of 1000: the first second's head start, and rounding.
	for i := range want {
		if got[i] < want[i]-5 || got[i] > want[i]+burst {
			t.Errorf("posts per second: %v, want %v", got, want)
			return
		}
	}
}

func throttle(p *domain.Limiter, members int) {
	for n := range members {
		p.Throttled(strconv.Itoa(n))
	}
}

func TestPaceKeepsItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wantPosts(t, postsPerSecond(t, domain.NewLimiter(1000), 3), 1000, 1000, 1000)
	})
}

func TestPaceIsHalvedByACrowdOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(1000)
		for range 20 {
			throttle(p, 4)
		}
		wantPosts(t, postsPerSecond(t, p, 2), 1000, 1000)
		for n := range 10 {
			p.Throttled(strconv.Itoa(n))
			time.Sleep(250 * time.Millisecond)
		}
		wantPosts(t, postsPerSecond(t, p, 2), 1000, 1000)
		throttle(p, 5)
		wantPosts(t, postsPerSecond(t, p, 7), 550, 650, 750, 850, 950, 1000, 1000)
	})
}

func TestPaceIsHalvedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(1000)
		throttle(p, 100)
		time.Sleep(time.Second)
		throttle(p, 100)
		wantPosts(t, postsPerSecond(t, p, 2), 350, 450)
	})
}

func TestPaceNeverStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(10)
		for range 60 {
			throttle(p, 5)
			time.Sleep(time.Second)
		}
		began := time.Now()
		if err := p.Wait(t.Context()); err != nil || time.Since(began) > time.Second {
			t.Errorf("Wait took %v, %v", time.Since(began), err)
		}
	})
}

func TestPaceLeavesATurnThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(1)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 0 {
			t.Errorf("Wait took %v: %v", time.Since(began), err)
		}
		if err := p.Wait(t.Context()); err != nil || time.Since(began) > time.Second {
			t.Errorf("the next Wait took %v: %v", time.Since(began), err)
		}
	})
}

// TestPaceOfALowShareNeverStandsStill: what grows back of a low share is less than half of a post a second.
func TestPaceOfALowShareNeverStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(2)
		for range 60 {
			throttle(p, 5)
			time.Sleep(time.Second)
		}
		began := time.Now()
		for range 3 {
			if err := p.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("three posts took %v", took)
		}
	})
}

// TestSlowedForAMinute after the rate was halved.
func TestSlowedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(1000)
		if p.Slowed() {
			t.Error("a new limiter is slowed")
		}
		throttle(p, 5)
		time.Sleep(time.Minute - 1)
		if !p.Slowed() {
			t.Error("after almost a minute it is not slowed")
		}
		time.Sleep(time.Nanosecond)
		if p.Slowed() {
			t.Error("after a minute it is slowed")
		}
	})
}

// TestDeferCountsByTheShare, to which the rate will have grown back, and does not grow without end.
func TestDeferCountsByTheShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(100)
		throttle(p, 5)
		first := p.Defer(1000)
		if second := p.Defer(1000); second-first != 10*time.Second {
			t.Errorf("a thousand posts of a hundred a second take %v", second-first)
		}
		for range 10 {
			p.Defer(60_000)
		}
		if got := p.Defer(1); got > 25*time.Minute {
			t.Errorf("deferred for %v", got)
		}
	})
}

// TestDeferEndsWithTheQueue: what comes after more than a queue can hold back is not put off any further.
func TestDeferEndsWithTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := domain.NewLimiter(1)
		p.Defer(15 * 60)
		for range 3 {
			if got := p.Defer(60); got != 15*time.Minute {
				t.Errorf("deferred for %v", got)
			}
		}
	})
}
