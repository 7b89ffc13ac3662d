package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wsecho/adapters/jwt"
	"wsecho/adapters/jwt/jwttest"
	"wsecho/domain"
)

// issuer publishes keys and counts who asks for them. Its fields may change while it is asked.
type issuer struct {
	mu      sync.Mutex
	set     []byte
	err     error
	latency time.Duration

	asked    atomic.Int64
	together atomic.Int64 // How many ask at this moment.
}

func (i *issuer) publish(keys ...jwttest.Key) { i.change(jwttest.Set(keys...), nil) }

func (i *issuer) change(set []byte, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.set, i.err = set, err
}

func (i *issuer) slow(latency time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.latency = latency
}

// read is what the issuer publishes when it is asked; the answer takes its time.
func (i *issuer) read(ctx context.Context) ([]byte, error) {
	i.asked.Add(1)
	if i.together.Add(1) > 1 {
		panic("two readings at once")
	}
	defer i.together.Add(-1)
	i.mu.Lock()
	set, err, latency := i.set, i.err, i.latency
	i.mu.Unlock()
	select {
	case <-time.After(latency):
		return set, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (i *issuer) authenticator(t *testing.T) *jwt.Authenticator {
	t.Helper()
	a, err := jwt.New(jwt.Config{
		Issuer: jwttest.Issuer, Audience: jwttest.Audience, Keys: i.read, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// show authenticates with a good token that a key signs now.
func show(t *testing.T, a *jwt.Authenticator, k jwttest.Key) error {
	_, err := a.Authenticate(t.Context(), domain.Credentials{Token: k.Sign(jwttest.Claims("ada", nil), nil)})
	return err
}

func wantCode(t *testing.T, what string, err error, code domain.Code) {
	t.Helper()
	if got := domain.Refusal(err).Code; err == nil || got != code {
		t.Errorf("%s: %v, want the code %s", what, err, code)
	}
}

func wantAsked(t *testing.T, i *issuer, want int64) {
	t.Helper()
	if got := i.asked.Load(); got != want {
		t.Errorf("after %v the keys were read %d times, want %d", time.Since(epoch), got, want)
	}
}

// epoch is when the virtual time of synctest begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestKeysAreReadOnDemandAndEveryFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		k := jwttest.Ed("a")
		i.publish(k)
		a := i.authenticator(t)
		wantAsked(t, &i, 0)
		for range 61 {
			if err := show(t, a, k); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
		}
		wantAsked(t, &i, 2)
		time.Sleep(time.Hour)
		wantAsked(t, &i, 2)
	})
}

// TestOneFlight: requests at the same time share one reading, and one of them going away does not end it.
func TestOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := issuer{latency: time.Second}
		k := jwttest.Ed("a")
		i.publish(k)
		a := i.authenticator(t)
		hasty, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := a.Authenticate(hasty, domain.Credentials{Token: k.Sign(jwttest.Claims("ada", nil), nil)})
			wantCode(t, "who did not wait", err, domain.Unavailable)
		})
		synctest.Wait()
		for range 100 {
			all.Go(func() {
				if err := show(t, a, k); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		leave()
		all.Wait()
		wantAsked(t, &i, 1)
	})
}

// TestUnknownKeyIDs is an attacker who makes up key ids.
func TestUnknownKeyIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		good, forged := jwttest.Ed("good"), jwttest.Ed("")
		i.publish(good)
		a := i.authenticator(t)
		if err := show(t, a, good); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		var all sync.WaitGroup
		for n := range 1000 {
			all.Go(func() {
				time.Sleep(time.Duration(rand.Int64N(int64(time.Minute))))
				k := forged
				k.ID = fmt.Sprint("made-up-", n)
				wantCode(t, k.ID, show(t, a, k), domain.Unauthorized)
				if n%10 == 0 {
					if err := show(t, a, good); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if asked := i.asked.Load(); asked > 2 {
			t.Errorf("1,000 made-up key ids in a minute made the keys be read %d times, want 2 at most", asked) // With the first.
		}
		t.Logf("1,000 made-up key ids in a minute: the keys were read %d times", i.asked.Load())
	})
}

// TestNewKeyIsFoundAfterAMinute: long before the five minutes, if the issuer is in a hurry.
func TestNewKeyIsFoundAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		old, next := jwttest.Ed("old"), jwttest.Ed("next")
		i.publish(old)
		a := i.authenticator(t)
		if err := show(t, a, old); err != nil {
			t.Fatal(err)
		}
		i.publish(old, next)
		time.Sleep(time.Minute - time.Nanosecond)
		wantCode(t, "before a minute", show(t, a, next), domain.Unauthorized)
		wantAsked(t, &i, 1)
		time.Sleep(time.Nanosecond)
		if err := show(t, a, next); err != nil {
			t.Error(err)
		}
		wantAsked(t, &i, 2)
	})
}

// TestWithdrawnKeyEnds: at the latest five minutes after the issuer withdrew it.
func TestWithdrawnKeyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		stolen, next := jwttest.Ed("stolen"), jwttest.Ed("next")
		i.publish(stolen)
		a := i.authenticator(t)
		if err := show(t, a, stolen); err != nil {
			t.Fatal(err)
		}
		i.publish(next)
		time.Sleep(5 * time.Minute)
		wantCode(t, "a withdrawn key", show(t, a, stolen), domain.Unauthorized)
		i.publish()
		time.Sleep(5 * time.Minute)
		wantCode(t, "after the issuer withdrew all keys", show(t, a, next), domain.Unauthorized)
	})
}

// TestRotationUnderLoad rotates keys every ten minutes for three hours. Each is published exactly five minutes before its
// first use, and readings take up to a second.
func TestRotationUnderLoad(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(seed, 0))
		var i issuer
		a := i.authenticator(t)
		current := new(atomic.Pointer[jwttest.Key])
		first := jwttest.Ed("key-0")
		current.Store(&first)
		i.publish(first)
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var served atomic.Int64
		for range 8 {
			pauses := rand.New(rand.NewPCG(random.Uint64(), 0))
			all.Go(func() {
				for ctx.Err() == nil {
					if err := show(t, a, *current.Load()); err != nil {
						t.Errorf("after %v: %v", time.Since(epoch), err)
					}
					served.Add(1)
					time.Sleep(time.Duration(pauses.Int64N(int64(time.Minute))))
				}
			})
		}
		for n := 1; n <= 18; n++ {
			next := jwttest.Ed(fmt.Sprint("key-", n))
			i.publish(*current.Load(), next)
			i.slow(time.Duration(random.Int64N(int64(time.Second))))
			time.Sleep(5 * time.Minute)
			current.Store(&next)
			time.Sleep(5 * time.Minute)
		}
		stop()
		all.Wait()
		t.Logf("%d clients in three hours of 18 rotations, the keys were read %d times", served.Load(), i.asked.Load())
	})
}

// TestStaleKeysAreKept while the issuer cannot be asked, or answers with something else than keys.
func TestStaleKeysAreKept(t *testing.T) {
	huge := []byte(`{"keys":[` + strings.Repeat(" ", jwt.MaxKeySet) + `]}`)
	tests := []struct {
		name string
		set  []byte
		err  error
		slow time.Duration
	}{
		{"down", nil, errors.New("connection refused"), 0},
		{"slow", nil, nil, time.Hour},
		{"garbage", []byte("<html>"), nil, 0},
		{"another JSON", []byte(`{"error":"busy"}`), nil, 0},
		{"null", []byte(`null`), nil, 0},
		{"no list", []byte(`{"keys":{}}`), nil, 0},
		{"cut off", huge[:100], nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var i issuer
				k, other := jwttest.Ed("a"), jwttest.Ed("b")
				i.publish(k)
				a := i.authenticator(t)
				if err := show(t, a, k); err != nil {
					t.Fatal(err)
				}
				i.change(test.set, test.err)
				i.slow(test.slow)
				for range 120 {
					time.Sleep(5 * time.Second)
					if err := show(t, a, k); err != nil {
						t.Fatalf("after %v: %v", time.Since(epoch), err)
					}
				}
				if asked := i.asked.Load(); asked < 4 || asked > 15 {
					t.Errorf("the keys were asked for %d times in ten minutes of which five were bad", asked)
				}
				wantCode(t, "an unknown key while nobody can tell", show(t, a, other), domain.Unavailable)
				i.publish(k, other)
				i.slow(0)
				time.Sleep(time.Minute)
				if err := show(t, a, other); err != nil {
					t.Errorf("once the issuer is back: %v", err)
				}
			})
		})
	}
}

// TestNothingKnown fails closed, asks again soon, but not for every client.
func TestNothingKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var i issuer
		k := jwttest.Ed("a")
		i.change(nil, errors.New("connection refused"))
		a := i.authenticator(t)
		for range 100 {
			wantCode(t, "without any keys", show(t, a, k), domain.Unavailable)
		}
		wantAsked(t, &i, 1)
		i.publish(k)
		time.Sleep(time.Second)
		if err := show(t, a, k); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

// TestSlowIssuer: a client waits three seconds for the keys and no longer.
func TestSlowIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := issuer{latency: time.Hour}
		a := i.authenticator(t)
		wantCode(t, "without any keys", show(t, a, jwttest.Ed("a")), domain.Unavailable)
		if waited := time.Since(epoch); waited != 3*time.Second {
			t.Errorf("it took %v, want 3s", waited)
		}
	})
}

// TestNoWorkForTheWorst: what can never be accepted does not make anybody ask for keys.
func TestNoWorkForTheWorst(t *testing.T) {
	var i issuer
	a := i.authenticator(t)
	for name, token := range worst() {
		_, err := a.Authenticate(t.Context(), domain.Credentials{Token: token})
		wantCode(t, name, err, domain.Unauthorized)
	}
	wantAsked(t, &i, 0)
}
